"""Files that the web and worker processes of this box share, under RECADO_DATA."""

from __future__ import annotations

import shutil
from pathlib import Path

_root: Path | None = None


def configure(data_dir: Path) -> None:
    global _root
    _root = data_dir


def path(key: str) -> Path:
    """The file of a key such as `imports/<id>/sheet`; its folder exists. Keys are ours, never a user's file name."""
    if _root is None:
        raise RuntimeError("files.configure() was not called")
    found = (_root / "files" / key).resolve()
    if not found.is_relative_to((_root / "files").resolve()):
        raise ValueError(f"{key!r} leaves the folder of files")
    found.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    return found


def remove_folder(key: str) -> None:
    shutil.rmtree(path(key), ignore_errors=True)
