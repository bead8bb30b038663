"""What every migration shares: row-level security, grants to the application's role, month partitions, definer functions.

The owner role runs migrations; the application connects as another role that owns nothing. `app_role` comes from
DATABASE_URL's user (see env.py).
"""

from alembic import context, op
from sqlalchemy import text

TENANT = "nullif(current_setting('app.tenant_id', true), '')::uuid"


def app_role() -> str:
    return context.config.attributes["app_role"]


def quoted_role() -> str:
    return '"' + app_role().replace('"', '""') + '"'


def run(sql: str) -> None:
    """Plain SQL: no bind parameters, so that colons and percent signs mean themselves."""
    op.execute(text(sql.replace(":", r"\:")))


def tenant_table(name: str, *, column: str = "tenant_id", rights: str = "SELECT, INSERT, UPDATE, DELETE") -> None:
    """Enable (not force) row-level security with the one policy, and grant the application its rights."""
    run(f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY")
    run(f"CREATE POLICY tenant_isolation ON {name} USING ({column} = {TENANT}) WITH CHECK ({column} = {TENANT})")
    run(f"GRANT {rights} ON {name} TO {quoted_role()}")


def search_view(name: str, table: str, columns: str) -> None:
    """A plain view of the owner with the tenant predicate: indexable search under isolation.

    Under a policy PostgreSQL uses no index for operators that aren't leakproof (`%`, ILIKE); through this view it does.
    """
    run(f"CREATE VIEW {name} AS SELECT {columns} FROM {table} WHERE tenant_id = {TENANT}")
    run(f"GRANT SELECT ON {name} TO {quoted_role()}")


def definer(
    signature: str, returns: str, body: str, *, language: str = "plpgsql", volatility: str = "VOLATILE"
) -> None:
    """A function that may look across tenants: the closed list that a test counts."""
    run(
        f"CREATE FUNCTION {signature} RETURNS {returns} LANGUAGE {language} {volatility} SECURITY DEFINER "
        f"SET search_path = public, pg_temp AS $body${body}$body$"
    )
    name_and_types = _argument_types(signature)
    run(f"REVOKE ALL ON FUNCTION {name_and_types} FROM PUBLIC")
    run(f"GRANT EXECUTE ON FUNCTION {name_and_types} TO {quoted_role()}")


def _argument_types(signature: str) -> str:
    name, _, rest = signature.partition("(")
    arguments = [part.strip() for part in rest.rsplit(")", 1)[0].split(",") if part.strip()]
    types = [argument.split(" DEFAULT ")[0].split(None, 1)[1] for argument in arguments]
    return f"{name}({', '.join(types)})"


def partitioned(table: str) -> None:
    """A DEFAULT partition, and the months around now; cron makes the later ones with the same function."""
    run(f"CREATE TABLE {table}_default PARTITION OF {table} DEFAULT")
    run(f"ALTER TABLE {table}_default ENABLE ROW LEVEL SECURITY")
    run(f"SELECT make_month_partitions('{table}', date_trunc('month', now() AT TIME ZONE 'utc')::date - 31, 5)")


def drop(*names: str, kind: str = "TABLE") -> None:
    for name in names:
        run(f"DROP {kind} IF EXISTS {name} CASCADE")
