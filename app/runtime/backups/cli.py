"""`recado backup | backups | restore | restore-drill | backup-key`: exit code 1 and one line when it can't."""

import click

from app.runtime.backups import making, origin, restoring
from app.runtime.backups.shelf import Shelf
from app.runtime.settings import Settings

ENOUGH_TO_TELL = 50 * 2**20
_settings = click.make_pass_decorator(Settings)
_place = click.option("--from", "place", default="", metavar="URL", help="file:/folder or s3://bucket/prefix.")
_name = click.argument("name", default="latest")


@click.command()
@_settings
def backup(settings: Settings) -> None:
    """Database, files and keys, sealed, into every place of BACKUP_URL."""
    with origin.opened(settings) as ours:
        made = making.make(ours)
    click.echo(
        f"{made.name}  {made.size / 2**20:.1f} MB, {made.new_objects} arquivos novos (new files), "
        f"{made.removed} antigos removidos (old removed), {made.seconds:.1f} s"
    )


@click.command()
@_place
@_settings
def backups(settings: Settings, place: str) -> None:
    """What there is to restore, oldest first."""
    with origin.opened(settings) as ours:
        for name in Shelf(ours.place(place), ours.key, ours.scratch).backups().values():
            click.echo(name)


@click.command()
@_name
@_place
@_settings
def restore(settings: Settings, name: str, place: str) -> None:
    """Bring a backup (the newest, or NAME) back into an empty database. It wakes in safe mode: nothing is sent."""
    with origin.opened(settings) as ours:
        done = restoring.restore(ours, name, place)
    _report(done)
    if done.keys_changed:
        click.echo(f"As chaves da cópia estão em {settings.data}/secrets.env (keys restored). Se SECRET_KEY ou "
                   "ENCRYPTION_KEYS estiverem no .env ou no ambiente, apague-as de lá.")  # fmt: skip
    click.echo("Modo de segurança ligado (safe mode): nada é enviado. Confira e depois: recado.py safe-mode off")


@click.command("restore-drill")
@_name
@_place
@_settings
def restore_drill(settings: Settings, name: str, place: str) -> None:
    """Restore into a server that is thrown away, and compare every count and checksum."""
    with origin.opened(settings) as ours:
        done = restoring.drill(ours, name, place)
    _report(done)
    click.echo("A cópia restaura (this backup restores).")


@click.command("backup-key")
@_settings
def backup_key(settings: Settings) -> None:
    """The key that opens the backups: keep it outside this server, on paper or in a password safe."""
    click.echo(settings.env["BACKUP_KEY"])


def _report(done: restoring.Restored) -> None:
    click.echo(
        f"{done.name}  {done.tables} tabelas (tables), {done.rows} linhas (rows), {done.files} arquivos (files), "
        f"{done.held} envios retidos (held), {done.seconds:.1f} s{_pace(done)}"
    )


def _pace(done: restoring.Restored) -> str:
    """Of a small one it would say nothing about a large one."""
    return f", {done.minutes_per_gb:.1f} min/GB" if done.size >= ENOUGH_TO_TELL else ""


COMMANDS = (backup, backups, restore, restore_drill, backup_key)
