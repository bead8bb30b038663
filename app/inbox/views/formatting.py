"""A message as WhatsApp shows it: marks, code, lists, quotes, and addresses one can follow; all else is escaped."""

import re
from collections.abc import Iterator
from itertools import groupby

from markupsafe import Markup, escape

from app.ui.filters import whatsapp

_CODE = re.compile(r"```\n?(.+?)\n?```", re.S)
_TICKS = re.compile(r"`([^`\n]+)`")
_ADDRESS = re.compile(r"\b(?:https?://|www\.)[^\s<>\"\x00]{2,2000}", re.I)
_TAIL = ".,;:!?'*_~)]}"
_LINE = re.compile(r"(?P<quote>> )|(?P<bullet>[-*] )(?=\S)|(?P<number>\d{1,3})\. (?=\S)")
_HOLE = re.compile("\x00(\\d+)\x00")


def chat(text: str | None) -> Markup:
    clean = (text or "").replace("\x00", "").replace("\r\n", "\n")
    kept: list[Markup] = []
    clean = _CODE.sub(lambda found: _keep(kept, Markup("<code class='msg__code'>{}</code>").format(found[1])), clean)
    clean = _TICKS.sub(lambda found: _keep(kept, Markup("<code>{}</code>").format(found[1])), clean)
    clean = _ADDRESS.sub(lambda found: _address(kept, found[0]), clean)
    html = "".join(_blocks(clean))
    return Markup(_HOLE.sub(lambda found: kept[int(found[1])], html))


def _keep(kept: list[Markup], part: Markup) -> str:
    kept.append(part)
    return f"\x00{len(kept) - 1}\x00"


def _address(kept: list[Markup], found: str) -> str:
    """Punctuation after an address belongs to the sentence; a bracket that it opened, to the address."""
    end = len(found)
    while end and found[end - 1] in _TAIL and not _closes(found[:end]):
        end -= 1
    address, rest = found[:end], found[end:]
    target = address if "://" in address else f"https://{address}"
    link = Markup('<a href="{}" target="_blank" rel="noopener noreferrer nofollow">{}</a>').format(target, address)
    return _keep(kept, link) + rest


def _closes(address: str) -> bool:
    return address.endswith(")") and address.count("(") >= address.count(")")


def _blocks(text: str) -> Iterator[str]:
    lines = [(_kind(line), line) for line in text.split("\n")]
    after_block = True
    for kind, group in groupby(lines, key=lambda pair: pair[0]):
        found = [line for _kind_, line in group]
        if kind == "text":
            yield ("" if after_block else "<br>") + str(whatsapp("\n".join(found)))
        else:
            yield _block(kind, found)
        after_block = kind != "text"


def _kind(line: str) -> str:
    found = _LINE.match(line)
    return str(found.lastgroup) if found else "text"


def _block(kind: str, lines: list[str]) -> str:
    if kind == "quote":
        return f"<blockquote>{whatsapp(chr(10).join(line[2:] for line in lines))}</blockquote>"
    if kind == "bullet":
        return "<ul>" + "".join(f"<li>{whatsapp(line[2:])}</li>" for line in lines) + "</ul>"
    parted = [line.split(". ", 1) for line in lines]
    items = "".join(f'<li value="{escape(number)}">{whatsapp(words)}</li>' for number, words in parted)
    return f"<ol>{items}</ol>"
