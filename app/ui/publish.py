"""Static files where nginx finds them, compressed beforehand: `recado publish-assets /srv/recado/assets`.

Each build has a folder named by its content, so that files of one build never appear under the name of another, and a
page of the build before still finds its own.
"""

import gzip
import os
import shutil
from pathlib import Path

import click
from flask import Flask
from flask.cli import with_appcontext

from app.ui import statics

KEPT_BUILDS = 3
COMPRESSED = {".css", ".js", ".mjs", ".svg", ".json", ".txt"}


def publish(target: Path) -> Path:
    """The build's folder under `target`; there already, it is left as it is. Older builds than the last few go."""
    final = target / statics.build_id()
    if not final.exists():
        scratch = target / f".new-{final.name}"
        shutil.rmtree(scratch, ignore_errors=True)
        shutil.copytree(statics.STATIC, scratch)
        for path in [path for path in scratch.rglob("*") if path.suffix in COMPRESSED]:
            path.with_name(path.name + ".gz").write_bytes(gzip.compress(path.read_bytes(), mtime=0))
        for path in [scratch, *scratch.rglob("*")]:
            path.chmod(0o755 if path.is_dir() else 0o644)
        scratch.rename(final)
    os.utime(final)  # a rollback makes an old build the newest again
    _forget_old(target)
    return final


def _forget_old(target: Path) -> None:
    builds = sorted((path for path in target.iterdir() if path.is_dir()), key=lambda path: path.stat().st_mtime)
    for path in builds[:-KEPT_BUILDS]:
        shutil.rmtree(path, ignore_errors=True)


@click.command("publish-assets")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@with_appcontext
def command(folder: Path) -> None:
    """Copy the static files of this version where nginx finds them."""
    folder.mkdir(parents=True, exist_ok=True)
    click.echo(publish(folder))


def init_app(app: Flask) -> None:
    app.cli.add_command(command)
