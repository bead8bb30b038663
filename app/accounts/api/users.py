"""`/api/v1/users`: the people of the company."""

import uuid
from typing import Any

from flask_smorest import Blueprint

from app.accounts import queries
from app.accounts.models import User
from app.accounts.schemas import ChangedUserSchema, InvitedSchema, NewUserSchema, PersonSchema, UserQuery
from app.accounts.service import invitations, people, team
from app.core.permissions import require
from app.core.schema import page_of

blp = Blueprint("people", __name__, url_prefix="/users", description="People of the company")


@blp.get("")
@blp.arguments(UserQuery, location="query")
@blp.response(200, page_of(PersonSchema))
def index(query: dict[str, Any]) -> Any:
    """List people

    By name; `search` looks into name and e-mail.
    """
    require("users.manage")
    return queries.page_of_users(**query)


@blp.post("")
@blp.arguments(NewUserSchema)
@blp.response(201, InvitedSchema)
def create(data: dict[str, Any]) -> dict[str, Any]:
    """Add a person

    Without `password` an invitation goes out by mail (one use, seven days). Where the server sends no mail, the answer
    holds `invitation_link`, once.
    """
    if data.get("password"):
        user = people.create_user(data["email"], data["name"], data["role"], data["password"])
        if data.get("permissions"):
            user = team.update(user.id, {"permissions": data["permissions"]})
        return {**_fields(user), "invitation_link": None}
    made = invitations.invite(data["email"], data["name"], data["role"], data.get("permissions"))
    return {**_fields(made.user), "invitation_link": made.link}


@blp.get("/<uuid:user_id>")
@blp.response(200, PersonSchema)
def show(user_id: uuid.UUID) -> dict[str, Any]:
    """One person"""
    require("users.manage")
    return _fields(queries.get_user(user_id))


@blp.patch("/<uuid:user_id>")
@blp.arguments(ChangedUserSchema)
@blp.response(200, PersonSchema)
def update(data: dict[str, Any], user_id: uuid.UUID) -> dict[str, Any]:
    """Change a person

    Only the given fields. Nobody changes their own role, gives what they don't have, or removes the last administrator.
    """
    return _fields(team.update(user_id, data))


@blp.delete("/<uuid:user_id>")
@blp.response(204)
def delete(user_id: uuid.UUID) -> None:
    """Deactivate a person

    Sessions and tokens of both kinds end at once; what the person did stays on record. `is_active: true` undoes it.
    """
    team.deactivate(user_id)


def _fields(user: User) -> dict[str, Any]:
    return queries.fields_of_user(user)
