"""The page of dead letters."""

import json
from uuid import UUID

from flask import Blueprint, Flask, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from app.core.permissions import require
from app.webhooks import queries
from app.webhooks.service import deadletters

blueprint = Blueprint("dead_letters", __name__, template_folder="templates", url_prefix="/settings/dead-letters")
PER_PAGE = 50
KIND_NAMES = {"send": (_l("Envio"), "send-off"), "inbound": (_l("Recebimento"), "message-report"),
              "webhook": (_l("Webhooks"), "webhook")}  # fmt: skip


def init_app(app: Flask) -> None:
    app.register_blueprint(blueprint)


@blueprint.get("")
def index() -> ResponseReturnValue:
    counts = queries.count_letters()
    usual = next((name for name in KIND_NAMES if counts[name]), "send")
    kind = request.args.get("kind")
    kind = kind if kind in KIND_NAMES else usual
    page = queries.list_letters(kind, request.args.get("page", 1, type=int), PER_PAGE)
    return render_template("webhooks/dead_letters.html", page=page, kind=kind, counts=counts, kinds=KIND_NAMES)


@blueprint.get("/<uuid:letter_id>")
def show(letter_id: UUID) -> ResponseReturnValue:
    """What came or should have gone."""
    letter = deadletters.look(letter_id)
    return render_template("webhooks/dead_letter.html", letter=letter, payload=_pretty(letter.payload))


def _pretty(payload: object) -> str:
    return payload if isinstance(payload, str) else json.dumps(payload, ensure_ascii=False, indent=2)


@blueprint.post("/<uuid:letter_id>/replay")
def replay(letter_id: UUID) -> ResponseReturnValue:
    letter = deadletters.replay(letter_id, confirm="confirm" in request.form)
    flash(_("De volta à fila. Em instantes você vê o resultado."), "success")
    return _back(letter.kind)


@blueprint.post("/<uuid:letter_id>/discard")
def discard(letter_id: UUID) -> ResponseReturnValue:
    letter = deadletters.discard(letter_id)
    flash(_("Descartada."), "success")
    return _back(letter.kind)


@blueprint.post("/bulk")
def bulk() -> ResponseReturnValue:
    """Several at once. Messages that may have left are never among those sent again: each needs its own word."""
    require("dead_letters.manage")
    kind = request.form.get("kind") if request.form.get("kind") in KIND_NAMES else "send"
    verb = deadletters.discard if request.form.get("action") == "discard" else deadletters.replay
    settled, left = deadletters.settle_many(_chosen(kind), verb)
    if settled:
        flash(ngettext("%(num)s falha resolvida.", "%(num)s falhas resolvidas.", settled), "success")
    if left:
        flash(ngettext("%(num)s ficou: mudou ou precisa da sua confirmação.",
                       "%(num)s ficaram: mudaram ou precisam da sua confirmação.", left), "warning")  # fmt: skip
    return _back(kind)


def _chosen(kind: str) -> list[UUID]:
    if request.form.get("all"):
        return queries.list_ids(kind, deadletters.MOST_AT_ONCE)
    return [found for value in request.form.getlist("ids") if (found := _uuid(value))]


def _uuid(value: str) -> UUID | None:
    try:
        return UUID(value)
    except ValueError:
        return None


def _back(kind: str) -> ResponseReturnValue:
    return redirect(url_for("dead_letters.index", kind=kind), 303)
