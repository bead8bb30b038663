"""Buttons of a campaign. Each asks its service and goes back to where the person was."""

import uuid

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from app.campaigns import service
from app.campaigns.forms import PaceForm, uuids
from app.campaigns.queries import campaigns
from app.core.errors import Invalid
from app.ui.errors import referrer

blueprint = Blueprint("campaign_actions", __name__, url_prefix="/campaigns")


def _back(campaign_id: uuid.UUID) -> ResponseReturnValue:
    return redirect(referrer() or url_for("campaign.show", campaign_id=campaign_id), 303)


@blueprint.post("/<uuid:campaign_id>/pause")
def pause(campaign_id: uuid.UUID) -> ResponseReturnValue:
    service.pause(campaign_id)
    flash(_("Campanha pausada."), "success")
    return _back(campaign_id)


@blueprint.post("/<uuid:campaign_id>/resume")
def resume(campaign_id: uuid.UUID) -> ResponseReturnValue:
    service.resume(campaign_id)
    flash(_("Campanha retomada. Quem já recebeu não recebe de novo."), "success")
    return _back(campaign_id)


@blueprint.post("/<uuid:campaign_id>/pace")
def pace(campaign_id: uuid.UUID) -> ResponseReturnValue:
    form = PaceForm()
    if not form.validate():
        raise Invalid(_("Use números inteiros no ritmo."))
    service.update_pace(campaign_id, form.settings(campaigns.get_campaign(campaign_id).settings))
    flash(_("Ritmo mudado; vale a partir da próxima mensagem."), "success")
    return _back(campaign_id)


@blueprint.post("/<uuid:campaign_id>/cancel")
def cancel(campaign_id: uuid.UUID) -> ResponseReturnValue:
    service.cancel(campaign_id)
    flash(_("Campanha cancelada. O que já saiu não volta."), "success")
    return _back(campaign_id)


@blueprint.post("/<uuid:campaign_id>/unschedule")
def unschedule(campaign_id: uuid.UUID) -> ResponseReturnValue:
    service.unschedule(campaign_id)
    flash(_("A campanha voltou a ser rascunho."), "success")
    return redirect(url_for("campaign_wizard.review", campaign_id=campaign_id), 303)


@blueprint.post("/<uuid:campaign_id>/clone")
def clone(campaign_id: uuid.UUID) -> ResponseReturnValue:
    copy = service.clone(campaign_id)
    flash(_("Cópia criada como rascunho."), "success")
    return redirect(url_for("campaign_wizard.audience", campaign_id=copy.id), 303)


@blueprint.post("/<uuid:campaign_id>/follow-up")
def follow_up(campaign_id: uuid.UUID) -> ResponseReturnValue:
    made = service.follow_up(campaign_id, request.form.get("segment", ""))
    service.refresh_estimate(made.id)
    return redirect(url_for("campaign_wizard.audience", campaign_id=made.id), 303)


@blueprint.post("/<uuid:campaign_id>/delete")
def delete(campaign_id: uuid.UUID) -> ResponseReturnValue:
    service.delete(campaign_id)
    flash(_("Campanha excluída."), "success")
    return redirect(url_for("campaigns.index"), 303)


@blueprint.post("/<uuid:campaign_id>/retry")
def retry(campaign_id: uuid.UUID) -> ResponseReturnValue:
    count = service.retry_failed(campaign_id, even_if_accepted=request.form.get("accepted") == "1")
    flash(ngettext("%(num)s mensagem voltou para a fila.", "%(num)s mensagens voltaram para a fila.", count), "success")
    return _back(campaign_id)


@blueprint.post("/<uuid:campaign_id>/messages/<uuid:message_id>/retry")
def retry_one(campaign_id: uuid.UUID, message_id: uuid.UUID) -> ResponseReturnValue:
    service.retry_one(campaign_id, message_id, even_if_accepted=request.form.get("accepted") == "1")
    flash(_("A mensagem voltou para a fila."), "success")
    return _back(campaign_id)


@blueprint.post("/<uuid:campaign_id>/resend")
def resend(campaign_id: uuid.UUID) -> ResponseReturnValue:
    """One message or, without ids, all that wait to be verified."""
    chosen = uuids(request.form.getlist("ids")) or None
    count = service.resend_unconfirmed(campaign_id, chosen)
    flash(ngettext("%(num)s mensagem vai de novo.", "%(num)s mensagens vão de novo.", count), "success")
    return _back(campaign_id)
