"""Checks every row before anything is written, mends what it may and says why in codes of `problems`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Mapping as Dict
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, NamedTuple

from app.contacts.importing import synonyms
from app.contacts.importing.cells import cell_text, is_date, is_error_value
from app.contacts.importing.mapping import Mapping
from app.contacts.importing.names import is_shouting, proper_case
from app.contacts.importing.phone_cells import PhoneCell, read_phone
from app.contacts.importing.problems import REPAIRS, SWITCHABLE, TIDY, Problem
from app.core.phone import Phone, plain_mobile

# deliverable shapes only: one @, a dotted domain, no spaces or stray commas
_EMAIL = re.compile(r"[A-Za-z0-9._%+'&=-]+@(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z]{2,24}")
_TAG_SEPARATORS = re.compile(r"[,;|]")
_BATCH = 5000


@dataclass(frozen=True, slots=True)
class Options:
    region: str = "BR"
    default_area: str | None = None
    off: frozenset[str] = frozenset()  # repairs switched off, of problems.SWITCHABLE
    fixes: Dict[tuple[int, int], str] = field(default_factory=dict)  # (row, column) → what a person typed

    @classmethod
    def without_repairs(cls, **values: Any) -> Options:
        return cls(off=SWITCHABLE | TIDY, **values)


class Checked(NamedTuple):
    """One row. Without `phone` it is invalid; with `repeats` it says the number of the row it repeats."""

    row: int
    phone: Phone | None
    name: str
    email: str
    custom: dict[str, str]
    others: tuple[Phone, ...]
    tags: tuple[str, ...]
    group: str
    problems: tuple[Problem, ...]
    repeats: int | None = None

    @property
    def is_repaired(self) -> bool:
        return self.phone is not None and any(problem.code in REPAIRS for problem in self.problems)


class Doctor:
    """Remembers the phones it has seen: one doctor reads one file, once, from top to bottom."""

    def __init__(self, mapping: Mapping, options: Options) -> None:
        self._options = options
        self._seen: dict[int, int] = {}
        self._nowhere = len(mapping.columns)  # every row gets one empty cell past its end: fields not mapped read it
        self._width = self._nowhere + 1
        self._extras = [column.index for column in mapping.all(synonyms.PHONE_EXTRA)]
        self._phones = [column.index for column in mapping.all(synonyms.PHONE)] + self._extras
        self._is_simple = options.region == "BR" and bool(self._phones) and not self._extras
        self._customs = [(column.index, column.key) for column in mapping.all(synonyms.CUSTOM)]
        self._area_at = self._index(mapping, synonyms.AREA)
        self._name_at = self._index(mapping, synonyms.NAME)
        self._last_name_at = self._index(mapping, synonyms.LAST_NAME)
        self._email_at = self._index(mapping, synonyms.EMAIL)
        self._tags_at = self._index(mapping, synonyms.TAGS)
        self._group_at = self._index(mapping, synonyms.GROUP)
        self._has_labels = min(self._tags_at, self._group_at) < self._nowhere
        self._fixed_rows = {row for row, _ in options.fixes}

    def check(self, row: int, cells: Sequence[Any]) -> Checked | None:
        """None for a row of spaces."""
        if row in self._fixed_rows:
            cells = self._with_fixes(row, cells)
        texts = [cell.strip() if type(cell) is str else cell_text(cell) for cell in cells]
        if len(texts) < self._width:
            texts.extend([""] * (self._width - len(texts)))
        problems: list[Problem] = []
        phone, others = self._plain_phone(texts), ()
        if phone is None:
            phone, others = self._phone(cells, texts, problems)
        if phone is None and not any(texts):
            return None
        name, email, custom = (
            self._name(texts, problems),
            self._email(texts, problems),
            self._custom(texts, problems),
        )
        repeats = self._repeats(row, phone, problems) if phone is not None else None
        tags, group = self._labels(texts) if self._has_labels else ((), "")
        return Checked(row, phone, name, email, custom, others, tags, group, tuple(problems), repeats)

    def _index(self, mapping: Mapping, target: str) -> int:
        column = mapping.first(target)
        return self._nowhere if column is None else column.index

    def _with_fixes(self, row: int, cells: Sequence[Any]) -> list[Any]:
        fixed = list(cells)
        for (fixed_row, column), value in self._options.fixes.items():
            if fixed_row == row:
                fixed.extend([""] * (column + 1 - len(fixed)))
                fixed[column] = value
        return fixed

    def _custom(self, texts: list[str], problems: list[Problem]) -> dict[str, str]:
        custom = {key: text for index, key in self._customs if (text := texts[index])}
        if "#" in "".join([text[0] for text in custom.values()]):
            self._drop_error_values(custom, texts, problems)
        return custom

    def _drop_error_values(self, custom: dict[str, str], texts: list[str], problems: list[Problem]) -> None:
        for index, key in self._customs:
            if is_error_value(texts[index]):
                problems.append(Problem("cell_error_value", index, texts[index]))
                del custom[key]

    def _name(self, texts: list[str], problems: list[Problem]) -> str:
        name = texts[self._name_at]
        if self._last_name_at != self._nowhere:
            name = f"{name} {texts[self._last_name_at]}".strip()
        if "  " in name or "\n" in name:
            name = " ".join(name.split())
        if name.isupper() and is_shouting(name) and "name_capitals" not in self._options.off:
            proper = proper_case(name)
            problems.append(Problem("name_capitals", self._name_at, name, proper))
            return proper
        return "" if name[:1] == "#" and is_error_value(name) else name

    def _email(self, texts: list[str], problems: list[Problem]) -> str:
        text = texts[self._email_at]
        if not text or _EMAIL.fullmatch(text):
            return text.lower()
        problems.append(Problem("email_invalid", self._email_at, text, _email_suggestion(text)))
        return ""

    def _plain_phone(self, texts: list[str]) -> Phone | None:
        """The short way for a clean number, when no other column could hold a second one."""
        return plain_mobile(texts[self._phones[0]]) if self._is_simple else None

    def _phone(
        self, cells: Sequence[Any], texts: list[str], problems: list[Problem]
    ) -> tuple[Phone | None, tuple[Phone, ...]]:
        column, found = self._first_phone(cells, texts)
        if found.phone is None:
            problems.append(Problem(found.error or "phone_missing", column, texts[column]))
            return None, ()
        if found.repairs and not self._accept_repairs(column, texts[column], found, problems):
            return None, ()
        if found.phone.kind == "landline":
            problems.append(Problem("phone_landline", column, texts[column]))
        others = self._other_phones(cells, texts, column, found) if self._extras else found.others
        return found.phone, others

    def _first_phone(self, cells: Sequence[Any], texts: list[str]) -> tuple[int, PhoneCell]:
        """The phone column, or the first other phone column with a usable number."""
        failed: tuple[int, PhoneCell] | None = None
        for column in self._phones:
            found = self._read(cells, texts, column)
            if found.phone is not None:
                return column, found
            if failed is None or failed[1].error == "phone_missing":
                failed = (column, found)
        return failed or (self._nowhere, PhoneCell(None, "phone_missing"))

    def _read(self, cells: Sequence[Any], texts: list[str], column: int) -> PhoneCell:
        if column < len(cells) and is_date(cells[column]):
            return PhoneCell(None, "phone_date")
        return read_phone(texts[column], self._options.region, self._area(texts))

    def _area(self, texts: list[str]) -> str | None:
        own = texts[self._area_at]
        return own.strip("()").lstrip("0") if own else self._options.default_area

    def _accept_repairs(self, column: int, value: str, found: PhoneCell, problems: list[Problem]) -> bool:
        """False when a repair this number needs is switched off: the row then counts as an error."""
        assert found.phone is not None
        off = self._options.off
        has_own_area = self._area_at != self._nowhere
        named = [code for code in found.repairs if not (code == "phone_area_code" and has_own_area)]
        refused = [code for code in named if code in off and code in SWITCHABLE]
        shown = refused[:1] or [code for code in named if code not in off]
        problems += [Problem(code, column, value, found.phone.e164) for code in shown]
        return not refused

    def _other_phones(self, cells: Sequence[Any], texts: list[str], column: int, found: PhoneCell) -> tuple[Phone, ...]:
        assert found.phone is not None
        read = [self._read(cells, texts, index) for index in self._extras if index != column and texts[index]]
        phones = [*found.others, *(cell.phone for cell in read if cell.phone is not None)]
        return tuple({phone.key: phone for phone in phones if phone.key != found.phone.key}.values())

    def _repeats(self, row: int, phone: Phone, problems: list[Problem]) -> int | None:
        first = self._seen.setdefault(int(phone.key), row)
        if first == row:
            return None
        problems.append(Problem("duplicate_in_file", None, phone.e164, str(first)))
        return first

    def _labels(self, texts: list[str]) -> tuple[tuple[str, ...], str]:
        tags = (tag.strip()[:60] for tag in _TAG_SEPARATORS.split(texts[self._tags_at]))
        return tuple(dict.fromkeys(tag for tag in tags if tag)), texts[self._group_at][:80]


def _email_suggestion(text: str) -> str | None:
    tidy = re.sub(r"^mailto:|\s+|[,;.]+$|[<>]", "", text).replace(",", ".").replace("..", ".")
    return tidy.lower() if _EMAIL.fullmatch(tidy) else None


Known = Callable[[Sequence[str]], Iterable[str]]


def examine(
    rows: Iterable[tuple[int, Sequence[Any]]], mapping: Mapping, options: Options, known: Known
) -> Iterator[Checked]:
    """`rows` below the header. `known`: which of some canonical keys are contacts already."""
    doctor = Doctor(mapping, options)
    checked = (found for row, cells in rows if (found := doctor.check(row, cells)) is not None)
    while batch := list(islice(checked, _BATCH)):
        keys = [found.phone.key for found in batch if found.phone is not None and found.repeats is None]
        contacts = set(known(keys)) if keys else set()
        for found in batch:
            yield _marked(found) if contacts and _is_among(contacts, found) else found


def _is_among(contacts: set[str], found: Checked) -> bool:
    return found.repeats is None and found.phone is not None and found.phone.key in contacts


def _marked(found: Checked) -> Checked:
    assert found.phone is not None
    return found._replace(problems=(*found.problems, Problem("already_contact", None, found.phone.e164)))


@dataclass(slots=True)
class Tally:
    """Counts of one examination: total = valid + invalid, duplicates are among the valid."""

    total: int = 0
    valid: int = 0
    repaired: int = 0
    duplicates: int = 0
    kinds: dict[str, int] = field(default_factory=dict)

    @property
    def invalid(self) -> int:
        return self.total - self.valid

    def add(self, found: Checked) -> None:
        self.total += 1
        if found.phone is not None:
            self.valid += 1
            self.duplicates += found.repeats is not None
        if not found.problems:
            return
        self.repaired += found.is_repaired
        for problem in found.problems:
            self.kinds[problem.code] = self.kinds.get(problem.code, 0) + 1


def needs_a_look(found: Checked) -> bool:
    """Whether the row belongs on the page: tidying alone is only counted."""
    return any(problem.code not in TIDY for problem in found.problems)
