"""`flask recado …`: what the operator does without a browser."""

import uuid
from collections.abc import Callable
from functools import wraps
from typing import Any

import click
from flask import Flask
from flask.cli import AppGroup

from app.accounts import queries
from app.accounts.service import companies, people, second_factor
from app.core import crypto, rotation
from app.core.context import acting, system
from app.core.errors import AppError
from app.core.permissions import ROLES

group = AppGroup("recado", help="Recado: companies and people.")
tenants = AppGroup("tenants", help="Companies.")
users = AppGroup("users", help="People.")
group.add_command(tenants)
group.add_command(users)

_password = click.option("--password", prompt=True, hide_input=True, confirmation_prompt=True)


def init_app(app: Flask) -> None:
    app.cli.add_command(group)
    app.cli.add_command(rotate_key)


def _plainly(command: Callable[..., None]) -> Callable[..., None]:
    """Our errors as one line, without a traceback."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
        except AppError as error:
            details = "; ".join(f"{item.field}: {item.message}" for item in error.errors)
            raise click.ClickException(details or str(error.message)) from error

    return run


@tenants.command("list")
def list_tenants() -> None:
    """Id and name of every company, and which are suspended."""
    for line in queries.list_all_tenants():
        state = "" if line.is_active else f"  (suspended: {line.suspended_reason or '-'})"
        click.echo(f"{line.id}  {line.name}{state}")


@tenants.command("suspend")
@click.argument("tenant_id", type=click.UUID)
@click.option("--reason", default="", help="Shown to its people when they sign in.")
@_plainly
def suspend_tenant(tenant_id: uuid.UUID, reason: str) -> None:
    """Nobody of it gets in, and nothing of it is sent, until `resume`."""
    companies.suspend(tenant_id, reason)
    click.echo(f"{tenant_id}  suspended")


@tenants.command("resume")
@click.argument("tenant_id", type=click.UUID)
@_plainly
def resume_tenant(tenant_id: uuid.UUID) -> None:
    """People sign in again and what waited is sent."""
    companies.resume(tenant_id)
    click.echo(f"{tenant_id}  active")


@tenants.command("limit")
@click.argument("tenant_id", type=click.UUID)
@click.argument("name", type=click.Choice(companies.LIMITS))
@click.argument("most", type=int, required=False)
@_plainly
def limit_tenant(tenant_id: uuid.UUID, name: str, most: int | None) -> None:
    """How many people or numbers a company may have; without MOST, any."""
    companies.set_limit(tenant_id, name, most)
    click.echo(f"{tenant_id}  {name}: {most if most is not None else '-'}")


@tenants.command("create")
@click.argument("name")
@click.option("--email", prompt=True, help="Of its first admin.")
@_password
@_plainly
def create_tenant(name: str, email: str, password: str) -> None:
    """A company and its first admin."""
    click.echo(companies.create_company(name, admin_email=email, admin_password=password))


@users.command("list")
@click.argument("tenant_id", type=click.UUID)
def list_users(tenant_id: uuid.UUID) -> None:
    """The people of a company."""
    with acting(system(tenant_id)):
        for user in queries.list_users():
            state = "" if user.is_active else "  (inactive)"
            click.echo(f"{user.id}  {user.email}  {user.role}{state}")


@users.command("create")
@click.argument("tenant_id", type=click.UUID)
@click.argument("email")
@click.option("--name", default="")
@click.option("--role", type=click.Choice(sorted(ROLES)), default="agent")
@_password
@_plainly
def create_user(tenant_id: uuid.UUID, email: str, name: str, role: str, password: str) -> None:
    """A person in a company."""
    with acting(system(tenant_id)):
        click.echo(people.create_user(email, name, role, password).id)


@users.command("reset-second-factor")
@click.argument("email")
@_plainly
def reset_second_factor(email: str) -> None:
    """For somebody who lost phone and recovery codes; the person is told by mail."""
    found = queries.find_sign_in(email)
    if found is None:
        raise click.ClickException(f"nobody signs in as {email}")
    with acting(system(found.tenant_id)):
        second_factor.reset_for(found.user_id)
    click.echo(f"{email}  off")


@users.command("reset-password")
@click.argument("email")
@_password
@_plainly
def reset_password(email: str, password: str) -> None:
    """A new password; every session of the person ends."""
    found = queries.find_sign_in(email)
    if found is None:
        raise click.ClickException(f"nobody signs in as {email}")
    with acting(system(found.tenant_id)):
        people.reset_password(found.user_id, password)


@click.command("rotate-key")
@click.option("--generate", is_flag=True, help="Only print a new key, to be put first in ENCRYPTION_KEYS.")
def rotate_key(generate: bool) -> None:
    """Seal every secret with the first of ENCRYPTION_KEYS; afterwards the others may go. Safe to run again."""
    if generate:
        click.echo(crypto.new_key())
        return
    tally = rotation.Tally()
    for line in queries.list_all_tenants():
        with acting(system(line.id)):
            rotation.rotate_all(tally)
    click.echo(f"renewed {tally.renewed}, already under the first key {tally.already}")
    if tally.unreadable:
        raise click.ClickException(f"{tally.unreadable} secrets open with none of the keys: keep every old key")
