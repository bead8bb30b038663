"""Which column is which field: guessed from names, checked against contents, corrected by people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from app.contacts.importing import synonyms
from app.contacts.importing.cells import cell_text, column_letter
from app.contacts.importing.headers import Header, shown_name
from app.contacts.importing.sniffing import Contents, sniff
from app.contacts.importing.synonyms import AREA, CUSTOM, EMAIL, IGNORE, NAME, PHONE, PHONE_EXTRA
from app.core.text import fold

SHOWN_SAMPLES = 3
_RESERVED = frozenset(("nome", "primeiro_nome", "telefone", "email", "name", "phone"))


@dataclass(frozen=True, slots=True)
class Column:
    index: int
    name: str
    target: str
    key: str = ""  # of a custom field
    samples: tuple[str, ...] = ()
    note: str = ""  # "header_lies": the contents decided against the name


@dataclass(frozen=True, slots=True)
class Mapping:
    header_row: int | None
    columns: tuple[Column, ...] = field(default_factory=tuple)

    def first(self, target: str) -> Column | None:
        return next((column for column in self.columns if column.target == target), None)

    def all(self, target: str) -> list[Column]:
        return [column for column in self.columns if column.target == target]

    def as_json(self) -> dict[str, Any]:
        return {"header_row": self.header_row, "columns": [asdict(column) for column in self.columns]}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Mapping:
        columns = tuple(Column(**{**c, "samples": tuple(c.get("samples", ()))}) for c in data["columns"])
        return cls(data["header_row"], columns)


def guess(header: Header, sample: Sequence[tuple[int, list[Any]]]) -> Mapping:
    """`sample`: filled rows, the header's and those above it may be among them."""
    rows = [cells for number, cells in sample if header.row is None or number > header.row]
    values = [_column_values(rows, index) for index in range(len(header.names))]
    contents = [sniff(column) for column in values]
    targets = _correct(_by_name(header.names), contents, header.names)
    notes = _notes(_by_name(header.names), targets)
    columns = [
        Column(index, shown_name(name, index), target, "", tuple(values[index][:SHOWN_SAMPLES]), notes[index])
        for index, (name, target) in enumerate(zip(header.names, targets, strict=True))
    ]
    return with_keys(Mapping(header.row, tuple(columns)))


def _column_values(rows: Iterable[list[Any]], index: int) -> list[str]:
    values = (cell_text(cells[index]) for cells in rows if index < len(cells))
    return [value for value in values if value]


def _by_name(names: Sequence[str]) -> list[str]:
    """Every column keeps its recognised field, but single fields go to their best name only."""
    found = [synonyms.recognise(name) for name in names]
    targets = [match[0] if match else CUSTOM for match in found]
    for target in synonyms.SINGLE:
        rivals = [index for index, match in enumerate(found) if match and match[0] == target]
        rivals.sort(key=lambda index: found[index][1])  # type: ignore[index]
        for index in rivals[1:]:
            targets[index] = PHONE_EXTRA if target == PHONE else CUSTOM
    return targets


def _correct(targets: list[str], contents: list[Contents], names: list[str]) -> list[str]:
    """Contents overrule a name that lies and fill in for one that is missing."""
    targets = [_unless_lying(target, content) for target, content in zip(targets, contents, strict=True)]
    for target, share in ((PHONE, "phone"), (EMAIL, "email"), (NAME, "name")):
        if target not in targets:
            index = _likeliest(targets, contents, share)
            if index is not None:
                targets[index] = target
    empty = [not name and not content.count for name, content in zip(names, contents, strict=True)]
    return [IGNORE if is_empty else target for target, is_empty in zip(targets, empty, strict=True)]


def _unless_lying(target: str, content: Contents) -> str:
    if content.count < 3:
        return target
    lies = {
        PHONE: content.phone < 0.2 and content.digits < 0.5,
        PHONE_EXTRA: content.phone < 0.2 and content.digits < 0.5,
        EMAIL: content.email < 0.2,
        NAME: content.phone > 0.6 or content.email > 0.6,
        AREA: content.area < 0.5,
    }
    return CUSTOM if lies.get(target) else target


def _likeliest(targets: list[str], contents: list[Contents], share: str) -> int | None:
    free = [index for index, target in enumerate(targets) if target == CUSTOM and contents[index].count]
    best = max(free, key=lambda index: getattr(contents[index], share), default=None)
    return best if best is not None and getattr(contents[best], share) >= 0.6 else None


def _notes(named: list[str], targets: list[str]) -> list[str]:
    pairs = zip(named, targets, strict=True)
    return ["header_lies" if was != now and was not in (CUSTOM, IGNORE) else "" for was, now in pairs]


def with_keys(mapping: Mapping) -> Mapping:
    """Gives each custom column a key of its own: a name used twice becomes obs and obs_2."""
    taken = set(_RESERVED)
    columns = []
    for column in mapping.columns:
        key = _free_key(column, taken) if column.target == CUSTOM else ""
        taken.add(key)
        columns.append(replace(column, key=key))
    return replace(mapping, columns=tuple(columns))


def _free_key(column: Column, taken: set[str]) -> str:
    wanted = synonyms.custom_key(column.name) or f"coluna_{column_letter(column.index).lower()}"
    key, number = wanted, 2
    while key in taken:
        key, number = f"{wanted}_{number}", number + 1
    return key


class MappingError(ValueError):
    """`codes`: phone_unmapped, duplicate_target:<target> or unknown_column:<name>."""

    def __init__(self, *codes: str) -> None:
        super().__init__(", ".join(codes))
        self.codes = codes


def corrected(mapping: Mapping, choices: dict[int, str]) -> Mapping:
    """`choices`: target by column index; columns left out stay. Raises MappingError."""
    columns = tuple(replace(c, target=choices.get(c.index, c.target), note="") for c in mapping.columns)
    changed = replace(mapping, columns=columns)
    check(changed)
    return with_keys(changed)


def check(mapping: Mapping) -> None:
    targets = [column.target for column in mapping.columns]
    repeated = [f"duplicate_target:{target}" for target in synonyms.SINGLE if targets.count(target) > 1]
    missing = [] if PHONE in targets else ["phone_unmapped"]
    if repeated or missing:
        raise MappingError(*missing, *repeated)


def from_request(mapping: Mapping, wanted: dict[str, str]) -> Mapping:
    """The API's form, either way round: {"phone": "Telefone"} or {"Telefone": "phone"}."""
    by_name = {column_letter(column.index).lower(): column.index for column in mapping.columns}
    by_name |= {fold(column.name): column.index for column in reversed(mapping.columns)}
    choices: dict[int, str] = {}
    for left, right in wanted.items():
        column, target = (right, left) if left in synonyms.TARGETS else (left, right)
        index = by_name.get(fold(str(column)))
        if index is None:
            raise MappingError(f"unknown_column:{column}")
        choices[index] = target if target in synonyms.TARGETS else CUSTOM
    return corrected(_make_room(mapping, choices), choices)


def _make_room(mapping: Mapping, choices: dict[int, str]) -> Mapping:
    """A field the caller gives to one column leaves the column we had guessed for it."""
    claimed = set(choices.values()) & synonyms.SINGLE
    columns = tuple(replace(c, target=CUSTOM) if c.target in claimed else c for c in mapping.columns)
    return replace(mapping, columns=columns)
