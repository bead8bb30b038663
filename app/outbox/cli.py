"""`flask outbox …`: what the operator decides after a backup was restored."""

import click
from flask import Flask
from flask.cli import AppGroup

from app.core.retention import every_tenant
from app.outbox.service import count_restored, release_restored

group = AppGroup("outbox", help="The send queue.")


def init_app(app: Flask) -> None:
    app.cli.add_command(group)


@group.command("restored")
def restored() -> None:
    """How many messages wait since a restored copy woke."""
    for tenant_id in every_tenant():
        if held := count_restored():
            click.echo(f"{tenant_id}  {held}")


@group.command("release-restored")
@click.confirmation_option(prompt="What the original sent after the backup will be sent again. Go on?")
def release() -> None:
    """Let them go: nobody else sent them since the backup was made."""
    click.echo(sum(release_restored() for _tenant_id in every_tenant()))
