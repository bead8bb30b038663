"""Templates of the pages; the only place that makes HTML."""

from pathlib import Path
from typing import Any

from aiohttp import web
from jinja2 import Environment, FileSystemLoader

from simulator import numbers
from simulator.pages import words

_FOLDER = Path(__file__).parent.parent
STATIC = _FOLDER / "static"
_templates = Environment(
    loader=FileSystemLoader(_FOLDER / "templates"), autoescape=True, trim_blocks=True, lstrip_blocks=True
)
_templates.filters.update(
    clock=words.clock,
    day=words.day,
    chat_text=words.chat_text,
    preview=words.preview,
    initials=words.initials,
    hue=words.hue,
    pretty=numbers.pretty,
    duration=words.duration,
    title_of=words.title,
)
_templates.globals.update(STATES=words.STATES, TICKS=words.TICKS)


def page(template: str, **values: Any) -> web.Response:
    html = _templates.get_template(template).render(**values)
    headers = {"Cache-Control": "no-store", "Content-Security-Policy": "default-src 'self'; img-src 'self' data:"}
    return web.Response(text=html, content_type="text/html", headers=headers)
