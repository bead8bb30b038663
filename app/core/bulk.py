"""Many rows by one statement with one parameter: the ORM's bulk insert binds every cell by itself."""

from collections.abc import Sequence
from typing import Any

import orjson
from sqlalchemy import text

from app.core.db import transaction


def insert_rows(table: str, rows: Sequence[dict[str, Any]]) -> None:
    """Every row has the same columns, named as in the database; columns left out get the table's defaults."""
    if not rows:
        return
    columns = ", ".join(rows[0])
    statement = f"""
        INSERT INTO {table} ({columns})
        SELECT {columns} FROM jsonb_populate_recordset(NULL::{table}, cast(:rows AS jsonb))
    """
    with transaction() as session:
        session.execute(text(statement.replace("::", r"\:\:")), {"rows": orjson.dumps(rows).decode()})
