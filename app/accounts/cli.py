"""`flask recado …`: what the operator does without a browser."""

import uuid
from collections.abc import Callable
from functools import wraps
from typing import Any

import click
from flask import Flask
from flask.cli import AppGroup

from app.accounts import queries
from app.accounts.service import companies, people
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
    """Id and name of every active company."""
    for tenant_id in queries.list_tenants():
        with acting(system(tenant_id)):
            click.echo(f"{tenant_id}  {queries.get_tenant(tenant_id).name}")


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
