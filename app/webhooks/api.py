"""JSON door of dead letters."""

from typing import Any
from uuid import UUID

from flask_smorest import Blueprint

from app.core.paging import Page
from app.core.schema import page_of
from app.webhooks import queries
from app.webhooks.queries import DeadLetter
from app.webhooks.schemas import DeadLetterQuery, DeadLetterReplaySchema, DeadLetterSchema
from app.webhooks.service import deadletters

blp = Blueprint("dead-letters", __name__, url_prefix="/dead-letters", description="What could not be done")


@blp.get("")
@blp.arguments(DeadLetterQuery, location="query")
@blp.response(200, page_of(DeadLetterSchema))
def index(query: dict[str, Any]) -> Page[DeadLetter]:
    """List dead letters

    `inbound`: events that could not be read; `send`: messages that failed or that nobody can vouch for;
    `webhook`: deliveries to other systems that were given up.
    """
    return queries.list_letters(query["kind"], query["page"], query["limit"])


@blp.get("/<uuid:letter_id>")
@blp.response(200, DeadLetterSchema)
def show(letter_id: UUID) -> DeadLetter:
    """Read a dead letter"""
    return deadletters.look(letter_id)


@blp.post("/<uuid:letter_id>/replay")
@blp.arguments(DeadLetterReplaySchema)
@blp.response(202, DeadLetterSchema)
def replay(data: dict[str, Any], letter_id: UUID) -> DeadLetter:
    """Process or send once more

    A message that may have left already needs `confirm`.
    """
    return deadletters.replay(letter_id, confirm=data["confirm"])


@blp.post("/<uuid:letter_id>/discard")
@blp.response(200, DeadLetterSchema)
def discard(letter_id: UUID) -> DeadLetter:
    """Put aside for good"""
    return deadletters.discard(letter_id)
