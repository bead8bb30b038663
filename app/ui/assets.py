"""Copy the front-end libraries out of node_modules: `python -m app.ui.assets`. Does nothing when up to date."""

import hashlib
import json
import re
import shutil
import sys
from pathlib import Path

from app.ui.icons import ICONS

ROOT = Path(__file__).resolve().parents[2]
STATIC = Path(__file__).with_name("static")
VENDOR = STATIC / "vendor"
MANIFEST = VENDOR / "manifest.json"

COPIES = {
    "tabler.esm.js": "@tabler/core/dist/js/tabler.esm.min.js",
    "htmx.esm.js": "htmx.org/dist/htmx.esm.min.js",
    "idiomorph.esm.js": "idiomorph/dist/idiomorph.esm.js",
    "socket.io.esm.js": "socket.io-client/dist/socket.io.esm.min.js",
    "sortable.esm.js": "sortablejs/modular/sortable.esm.js",
    "chart.umd.js": "chart.js/dist/chart.umd.min.js",
    "fonts/inter-latin.woff2": "@fontsource-variable/inter/files/inter-latin-wght-normal.woff2",
    "fonts/inter-latin-ext.woff2": "@fontsource-variable/inter/files/inter-latin-ext-wght-normal.woff2",
}
STYLESHEET = "@tabler/core/dist/css/tabler.min.css"
ICON_FOLDER = "@tabler/icons/icons/outline"

_SOURCE_MAP = re.compile(rb"(?m)^(//# sourceMappingURL=.*|/\*# sourceMappingURL=.*\*/)$")
_SHAPES = re.compile(r"<svg[^>]*>(.*)</svg>", re.S)
_EMPTY_SHAPE = re.compile(r'\s*<path stroke="none" d="M0 0h24v24H0z" fill="none"\s*/>')


class AssetsError(Exception):
    """One clear line for the operator."""


def build(node_modules: Path, target: Path = VENDOR) -> bool:
    """Write `target`; False when the manifest says that nothing changed."""
    fingerprint = _fingerprint(node_modules)
    if _current(target) == fingerprint:
        return False
    shutil.rmtree(target, ignore_errors=True)
    for name, source in COPIES.items():
        _write(target / name, _SOURCE_MAP.sub(b"", _read(node_modules / source)))
    _write(target / "tabler.css", _layered(_read(node_modules / STYLESHEET)))
    _write(target / "icons.svg", _sprite(node_modules / ICON_FOLDER))
    _write(target / MANIFEST.name, _manifest(target, fingerprint))
    return True


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as exc:
        raise AssetsError(f"{path.name} is missing from node_modules: run `npm ci` first") from exc


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _layered(css: bytes) -> bytes:
    """In a cascade layer of its own, so that our few rules win without a fight over specificity."""
    body = _SOURCE_MAP.sub(b"", css).replace(b'@charset "UTF-8";', b"", 1)
    return b'@charset "UTF-8";\n@layer tabler {\n' + body + b"\n}\n"


def _sprite(folder: Path) -> bytes:
    symbols = (_symbol(name, _read(folder / f"{name}.svg").decode()) for name in sorted(ICONS))
    return ('<svg xmlns="http://www.w3.org/2000/svg">' + "".join(symbols) + "</svg>\n").encode()


def _symbol(name: str, svg: str) -> str:
    shapes = _SHAPES.search(svg)
    if shapes is None:
        raise AssetsError(f"the icon {name} is not an SVG")
    inner = re.sub(r"\s*\n\s*", "", _EMPTY_SHAPE.sub("", shapes.group(1)))
    return (
        f'<symbol id="{name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.75" '
        f'stroke-linecap="round" stroke-linejoin="round">{inner}</symbol>'
    )


def _fingerprint(node_modules: Path) -> str:
    """What the result depends on: the installed versions, the icons and this file."""
    versions = _read(node_modules / ".package-lock.json")
    return hashlib.sha256(versions + " ".join(sorted(ICONS)).encode() + Path(__file__).read_bytes()).hexdigest()


def _current(target: Path) -> str | None:
    try:
        return json.loads((target / MANIFEST.name).read_bytes())["fingerprint"]
    except (FileNotFoundError, ValueError, KeyError):
        return None


def _manifest(target: Path, fingerprint: str) -> bytes:
    files = {
        path.relative_to(target).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(target.rglob("*"))
        if path.is_file()
    }
    return json.dumps({"fingerprint": fingerprint, "files": files}, indent=1).encode()


def main() -> int:
    try:
        changed = build(ROOT / "node_modules")
    except AssetsError as exc:
        print(f"assets: {exc}", file=sys.stderr)
        return 1
    print("assets: copied" if changed else "assets: up to date")
    return 0


if __name__ == "__main__":
    sys.exit(main())
