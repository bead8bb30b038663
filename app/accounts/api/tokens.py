"""`/api/v1/tokens`: the keys that other systems use."""

import uuid
from typing import Any

from flask_smorest import Blueprint

from app.accounts import queries
from app.accounts.models import ApiToken
from app.accounts.schemas import ApiTokenSchema, CreatedTokenSchema, NewTokenSchema
from app.accounts.service import tokens
from app.core.paging import Page
from app.core.permissions import require
from app.core.schema import PageQuery, page_of

blp = Blueprint("tokens", __name__, url_prefix="/tokens", description="API tokens")


@blp.get("")
@blp.arguments(PageQuery, location="query")
@blp.response(200, page_of(ApiTokenSchema))
def index(query: dict[str, Any]) -> Page[ApiToken]:
    """List API tokens

    Those in use, newest first; the revoked ones are gone from the list.
    """
    require("tokens.manage")
    return queries.page_of_tokens(**query)


@blp.post("")
@blp.arguments(NewTokenSchema)
@blp.response(201, CreatedTokenSchema)
def create(data: dict[str, Any]) -> dict[str, Any]:
    """Create an API token

    It acts as the person who makes it. Only a signed-in person may: a token makes no other.
    """
    made = tokens.create_token(**data)
    return {**{name: getattr(made.row, name) for name in ApiTokenSchema().fields}, "token": made.secret}


@blp.delete("/<uuid:token_id>")
@blp.response(204)
def revoke(token_id: uuid.UUID) -> None:
    """Revoke an API token; whoever uses it is out at once"""
    tokens.revoke_token(token_id)
