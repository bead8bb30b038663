"""`outbox …`, `safe-mode …`, `pause-all`: what the operator decides after a restore or in an emergency."""

import click
from flask import Flask, current_app
from flask.cli import AppGroup, with_appcontext

from app.core.retention import every_tenant
from app.outbox.sender.restored import search as search_restored
from app.outbox.service import count_restored, in_safe_mode, release_restored, set_safe_mode

group = AppGroup("outbox", help="The send queue.")


def init_app(app: Flask) -> None:
    for command in (group, safe_mode, pause_all):
        app.cli.add_command(command)


@group.command("restored")
def restored() -> None:
    """How many messages wait since a restored copy woke."""
    for tenant_id in every_tenant():
        if held := count_restored():
            click.echo(f"{tenant_id}  {held}")


@group.command("search-restored")
def search() -> None:
    """Ask the gateways what left since the backup; the rest stays held. Exit code 3 when one does not answer."""
    seconds = current_app.extensions["recado"].send.http_timeout
    silent = 0
    for tenant_id in every_tenant():
        for found in search_restored(seconds):
            silent += bool(found.problem)
            told = found.problem or f"{found.sent} já enviadas (sent), {found.held - found.sent} retidas (held)"
            click.echo(f"{tenant_id}  {found.name}: {told}")
    if silent:
        raise SystemExit(3)


@group.command("release-restored")
@click.confirmation_option(prompt="What the original sent after the backup will be sent again. Go on?")
def release() -> None:
    """Let them go: nobody else sent them since the backup was made."""
    click.echo(sum(release_restored() for _tenant_id in every_tenant()))


safe_mode = AppGroup("safe-mode", help="Nothing is sent while it is on.")


@safe_mode.command("status")
def status() -> None:
    """Which companies are in it, and how many messages a restore holds. Exit code 3 when any is."""
    safe = 0
    for tenant_id in every_tenant():
        if in_safe_mode():
            safe += 1
            click.echo(f"{tenant_id}  {count_restored()} retidas (held)")
    if safe:
        raise SystemExit(3)
    click.echo("desligado (off)")


@safe_mode.command("on")
def on() -> None:
    """Stop everything that is sent, now."""
    _set_everywhere(True)


@safe_mode.command("off")
@click.confirmation_option(prompt="Go on sending in every company?")
def off() -> None:
    """Go on. What a restore holds stays held: `outbox release-restored` lets it go, once nobody else sent it."""
    _set_everywhere(False)
    held = sum(count_restored() for _tenant_id in every_tenant())
    if held:
        click.echo(f"{held} mensagens continuam retidas (still held): recado.py outbox release-restored")


@click.command("pause-all")
@with_appcontext
def pause_all() -> None:
    """The emergency brake: safe mode in every company. `safe-mode off` goes on."""
    _set_everywhere(True)


def _set_everywhere(value: bool) -> None:
    changed = sum(set_safe_mode(value) for _tenant_id in every_tenant())
    click.echo(f"{changed} empresas (companies): modo de segurança {'ligado (on)' if value else 'desligado (off)'}")
