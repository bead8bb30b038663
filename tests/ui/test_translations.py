"""The English catalogue knows every text of the interface, and keeps its placeholders."""

import os
import re
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from tests.servers import ROOT

CATALOGUE = ROOT / "app/translations/en/LC_MESSAGES/messages.po"
KEYWORDS = {"_": None, "_l": None, "gettext": None, "lazy_gettext": None, "ngettext": (1, 2)}
# `%(n)s` of ours, `{x}` that the page's scripts fill in; a message's own {variable|default} is prose.
PLACEHOLDER = re.compile(r"%\(\w+\)s|\{(?:n|x)\}")


def texts(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


@pytest.fixture(scope="module")
def in_the_code() -> Catalog:
    mappings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["babel"]["mappings"]
    methods = [(one["pattern"].removeprefix("app/"), one["method"]) for one in mappings]
    found = Catalog()
    for file, line, message, comments, context in extract_from_dir(
        os.fspath(ROOT / "app"), methods, keywords=KEYWORDS, callback=None
    ):
        found.add(message, None, [(file, line)], auto_comments=comments, context=context)
    return found


@pytest.fixture(scope="module")
def english() -> Catalog:
    with CATALOGUE.open("rb") as stream:
        return read_po(stream, locale="en")


def translated(english: Catalog) -> Iterator[Message]:
    return (message for message in english if message.id)


def test_every_text_is_translated(in_the_code: Catalog, english: Catalog):
    known = {message.id for message in translated(english) if all(texts(message.string))}
    missing = [(m.id, m.locations[0]) for m in in_the_code if m.id and m.id not in known]
    assert len([message for message in in_the_code if message.id]) > 1000
    assert missing == [], "make translations, then fill in app/translations/en"


def test_nothing_is_kept_that_no_page_says(in_the_code: Catalog, english: Catalog):
    said = {message.id for message in in_the_code}
    assert [message.id for message in translated(english) if message.id not in said] == []


def test_nothing_is_a_guess(english: Catalog):
    assert [message.id for message in translated(english) if message.fuzzy] == []


def test_placeholders_survive(english: Catalog):
    for message in translated(english):
        wanted = {name for text in texts(message.id) for name in PLACEHOLDER.findall(text)}
        for text in texts(message.string):
            assert set(PLACEHOLDER.findall(text)) == wanted, message.id


def test_a_plural_has_both_forms(english: Catalog):
    for message in translated(english):
        assert len(texts(message.string)) == len(texts(message.id)), message.id


def test_the_two_languages_end_alike(english: Catalog):
    """A sentence ends as a sentence, and a word that continues keeps its space."""
    ending = re.compile(r"(\s|…|[.:]?)$")
    for message in translated(english):
        for source, target in zip(texts(message.id), texts(message.string), strict=True):
            assert ending.search(source)[1] == ending.search(target)[1], source


def test_it_compiles(english: Catalog):
    assert [list(message.check(english)) for message in translated(english) if list(message.check(english))] == []
