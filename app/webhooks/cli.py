"""`dead-letters …`: what failed for good, from the operator's console. Exit code 3 when some could not be replayed."""

from functools import partial

import click
from flask import Flask
from flask.cli import AppGroup

from app.core.retention import every_tenant
from app.webhooks import queries
from app.webhooks.service import deadletters

group = AppGroup("dead-letters", help="What failed for good, and once more.")
_kind = click.option("--kind", type=click.Choice(queries.KINDS), help="Only these.")


def init_app(app: Flask) -> None:
    app.cli.add_command(group)


@group.command("list")
@_kind
def show(kind: str | None) -> None:
    """How many of each kind every company has."""
    for tenant_id in every_tenant():
        counted = {name: count for name, count in queries.count_letters().items() if count and kind in (None, name)}
        if counted:
            click.echo(f"{tenant_id}  " + "  ".join(f"{name} {count}" for name, count in counted.items()))


@group.command("replay")
@_kind
@click.option("--tenant", type=click.UUID, help="Only of this company.")
@click.option("--even-if-left", is_flag=True, help="Also messages that may have left: they may arrive twice.")
def replay(kind: str | None, tenant: object, even_if_left: bool) -> None:
    """Process, or send, once more; up to a thousand of each kind and company at a time."""
    done = left = 0
    for tenant_id in every_tenant():
        if tenant not in (None, tenant_id):
            continue
        for one in [kind] if kind else queries.KINDS:
            wanted = queries.list_ids(one, deadletters.MOST_AT_ONCE)
            settled, unsettled = deadletters.settle_many(wanted, partial(deadletters.replay, confirm=even_if_left))
            done, left = done + settled, left + unsettled
    click.echo(f"{done} processadas de novo (replayed), {left} ficaram (left)")
    if left:
        raise SystemExit(3)
