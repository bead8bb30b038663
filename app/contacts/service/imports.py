"""What people and the API decide about an import; the work itself is in `import_check` and `import_write`."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from flask_babel import gettext as _
from sqlalchemy import update

from app.contacts.importing.limits import LIMITS
from app.contacts.importing.mapping import Mapping, MappingError, corrected
from app.contacts.importing.problems import SWITCHABLE
from app.contacts.models import Import
from app.contacts.queries import imports, labels
from app.contacts.rules import DUPLICATE_RULES
from app.core import files, ids, phone
from app.core.audit import audit
from app.core.background import enqueue
from app.core.db import transaction
from app.core.errors import Conflict, FieldError, Invalid, TooLarge
from app.core.facts import emit
from app.core.permissions import require
from app.green import run_blocking

_CHUNK = 1024 * 1024


@dataclass(frozen=True)
class Wishes:
    """How to import. `confirms` lets the job go on by itself with the valid rows, as the API does."""

    group_id: uuid.UUID | None = None
    duplicates: str = "fill"
    repair: bool = True
    confirms: bool = False
    columns: dict[str, str] = field(default_factory=dict)
    opted_in: bool = False
    source: str = "contacts"
    return_to: str = ""  # the page that asked for it, such as a campaign's wizard


def start_import(stream: IO[bytes], file_name: str, wishes: Wishes | None = None) -> Import:
    """Keeps the file and has it checked by a job. Raises TooLarge or Invalid (on `file`)."""
    require("contacts.manage")
    wishes = wishes or Wishes()
    _check_wishes(wishes)
    import_id = ids.new_id()
    key = f"imports/{import_id}"
    file_hash = _receive(stream, key)
    with transaction() as session:
        found = Import(id=import_id, file_name=_safe_name(file_name), file_hash=file_hash, storage_key=key)
        found.source, found.group_id = wishes.source, wishes.group_id
        found.options = _first_options(wishes)
        session.add(found)
        session.flush()
        audit("import.start", "import", found.id, {"file_name": found.file_name})
        _ask_for_check(found)
    return found


def _check_wishes(wishes: Wishes) -> None:
    if wishes.duplicates not in DUPLICATE_RULES:
        raise Invalid.field("duplicates", _("Escolha manter, completar ou substituir."))
    if wishes.group_id:
        labels.get_group(wishes.group_id)


def _first_options(wishes: Wishes) -> dict[str, Any]:
    off = [] if wishes.repair else ["*"]
    return {
        "duplicates": wishes.duplicates,
        "off": off,
        "confirms": wishes.confirms,
        "columns": wishes.columns,
        "opted_in": wishes.opted_in,
        "return_to": wishes.return_to,
    }


class _TooBig(Exception):
    pass


def _receive(stream: IO[bytes], folder: str) -> str:
    """The file's digest, which says whether the same file came before."""
    path = files.path(f"{folder}/upload")
    try:
        digest = run_blocking(_save, stream, path)  # the disk must not stall other requests
    except _TooBig as error:
        files.remove_folder(folder)
        raise TooLarge(_("O arquivo passa de %(mb)s MB.", mb=LIMITS.file_bytes // _CHUNK)) from error
    if not path.stat().st_size:
        files.remove_folder(folder)
        raise Invalid.field("file", _("O arquivo está vazio."))
    return digest


def _save(stream: IO[bytes], path: Path) -> str:
    """In pieces, and never more than we would read."""
    digest, size = hashlib.sha256(), 0
    with path.open("wb") as target:
        while chunk := stream.read(_CHUNK):
            size += len(chunk)
            if size > LIMITS.file_bytes:
                raise _TooBig
            digest.update(chunk)
            target.write(chunk)
    return digest.hexdigest()


def _safe_name(file_name: str) -> str:
    """For showing only: the file on disk is named by us."""
    name = (file_name or "").replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(char for char in name if char.isprintable())[:150] or "planilha"


def _ask_for_check(found: Import) -> None:
    emit("import.progress", import_id=found.id, status=found.status, progress=found.progress)
    enqueue("imports.check", tenant_id=found.tenant_id, import_id=found.id)


def choose_sheet(import_id: uuid.UUID, index: int) -> Import:
    """Another sheet means other columns: they are guessed again."""
    found = imports.get_import(import_id)
    if index not in [sheet["index"] for sheet in found.analysis.get("sheets", [])]:
        raise Invalid.field("sheet", _("Esta aba não existe no arquivo."))
    return _check_again(import_id, options={"sheet": index}, mapping={}, fixes={})


def choose_columns(import_id: uuid.UUID, choices: dict[int, str]) -> Import:
    found = imports.get_import(import_id)
    guessed = Mapping.from_json(found.mapping)
    try:
        mapping = corrected(guessed, choices)
    except MappingError as error:
        raise Invalid(errors=[FieldError("columns", mapping_message(code)) for code in error.codes]) from error
    if _targets(mapping) == _targets(guessed) and not found.analysis.get("needs_columns"):
        return found
    return _check_again(import_id, mapping=mapping.as_json())


def _targets(mapping: Mapping) -> list[str]:
    return [column.target for column in mapping.columns]


def mapping_message(code: str) -> str:
    kind, _separator, detail = code.partition(":")
    if kind == "phone_unmapped":
        return _("Diga qual coluna tem o telefone.")
    if kind == "unknown_column":
        return _("A planilha não tem a coluna “%(name)s”.", name=detail)
    return _("Duas colunas foram escolhidas para o mesmo campo.")


def switch_repair(import_id: uuid.UUID, code: str, *, on: bool) -> Import:
    """One kind of repair, for all its rows."""
    if code not in SWITCHABLE:
        raise Invalid.field("repair", _("Esta correção não existe."))
    off = set(imports.get_import(import_id).options.get("off", [])) - {"*"}
    return _check_again(import_id, options={"off": sorted(off - {code} if on else off | {code})})


def set_default_area(import_id: uuid.UUID, area: str) -> Import:
    area = area.strip().lstrip("0")
    if area not in phone.AREAS:
        raise Invalid.field("default_area", _("Este DDD não existe."))
    return _check_again(import_id, options={"default_area": area})


def set_rules(import_id: uuid.UUID, *, duplicates: str, group_id: uuid.UUID | None, opted_in: bool) -> Import:
    """Decided before confirming; nothing has to be read again for it."""
    require("contacts.manage")
    _check_wishes(Wishes(duplicates=duplicates, group_id=group_id))
    with transaction():
        found = _locked(import_id, "ready")
        found.group_id = group_id
        found.options = found.options | {"duplicates": duplicates, "opted_in": opted_in}
    return found


def fix_cell(import_id: uuid.UUID, row: int, column: int, value: str) -> Import:
    found = imports.get_import(import_id)
    if not 0 <= column < LIMITS.columns or not row > 0:
        raise Invalid.field("value", _("Esta célula não existe."))
    fixes = dict(found.fixes)
    fixes[f"{row}:{column}"] = value.strip()[:500]
    if len(fixes) > 5000:
        raise Invalid.field("value", _("São correções demais; corrija a planilha e envie de novo."))
    return _check_again(import_id, fixes=fixes)


def _locked(import_id: uuid.UUID, *statuses: str) -> Import:
    """Looks before it locks: the row of a running import stays locked until all is written."""
    found = imports.get_import(import_id)
    if found.status in statuses:
        with transaction() as session:
            session.refresh(found, with_for_update=True)
    if found.status not in statuses:
        raise Conflict(_("Esta importação já começou."))
    return found


def _check_again(import_id: uuid.UUID, *, options: dict[str, Any] | None = None, **values: Any) -> Import:
    require("contacts.manage")
    with transaction():
        found = _locked(import_id, "ready", "pending", "checking")
        found.options = found.options | (options or {})
        for key, value in values.items():
            setattr(found, key, value)
        # a new owner: a check that is under way loses its claim and stops
        found.status, found.progress, found.owner, found.lease = "pending", 0, None, None
        _ask_for_check(found)
    return found


def confirm_import(import_id: uuid.UUID, *, expected: int | None = None) -> Import:
    """`expected` is the count the person saw on the button. Confirming twice is a Conflict."""
    require("contacts.manage")
    found = imports.get_import(import_id)
    if expected is not None and expected != to_import(found):
        raise Conflict(_("Os números mudaram; confira de novo antes de importar."))
    with transaction() as session:
        ready = update(Import).where(Import.id == found.id, Import.status == "ready", Import.valid > 0)
        changed = session.execute(ready.values(status="running", progress=0, owner=None, lease=None)).rowcount
        if not changed:
            raise Conflict(_("Esta importação não está pronta para começar."))
        audit("import.confirm", "import", found.id, {"rows": found.valid})
        emit("import.progress", import_id=found.id, status="running", progress=0)
        enqueue("imports.write", tenant_id=found.tenant_id, import_id=found.id)
    return imports.get_import(import_id)


def to_import(found: Import) -> int:
    """People, not rows: repetitions inside the file are one person."""
    return found.valid - found.duplicates


def cancel_import(import_id: uuid.UUID) -> Import:
    """Before anything was written."""
    require("contacts.manage")
    with transaction():
        found = _locked(import_id, "ready", "pending", "checking")
        found.status, found.owner = "cancelled", None
        audit("import.cancel", "import", found.id)
        emit("import.progress", import_id=found.id, status="cancelled", progress=found.progress)
    files.remove_folder(found.storage_key)
    return found
