"""Static files under a URL that names their content, so that browsers may keep them for ever.

One build id covers all files: ES modules and stylesheets find each other by relative URLs inside the same build.
"""

import hashlib
from functools import cache
from pathlib import Path

from flask import Response, current_app, g, send_from_directory, url_for

STATIC = Path(__file__).with_name("static")
_YEAR = 365 * 24 * 3600


@cache
def _fixed_build(root: Path) -> str:
    return _hash(root)


def _hash(root: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(p for p in root.rglob("*") if p.is_file()):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0")
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def build_id() -> str:
    """While developing, files change under a running process."""
    return _hash(STATIC) if current_app.debug else _fixed_build(STATIC)


def asset(path: str) -> str:
    return _root() + path


def _root() -> str:
    """Found once per request: a page names hundreds of icons."""
    if "asset_root" not in g:
        g.asset_root = url_for("ui.static_file", build=build_id(), path="x")[:-1]
    return str(g.asset_root)


def static_file(build: str, path: str) -> Response:
    """A page of the previous build may still ask for its files: answered, but not kept."""
    response = send_from_directory(STATIC, path)
    if build == build_id():
        response.cache_control.no_cache = None
        response.cache_control.public = True
        response.cache_control.max_age = _YEAR
        response.cache_control.immutable = True
    return response


def favicon() -> Response:
    return send_from_directory(STATIC, "img/icon.svg", max_age=_YEAR // 365)
