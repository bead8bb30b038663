"""`/_ui`: every component on one page, for development and tests only."""

from datetime import timedelta

from flask import Flask, abort, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from wtforms import BooleanField, EmailField, RadioField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Email, Length

from app.core import clock
from app.core.errors import Conflict


class SampleForm(FlaskForm):
    name = StringField("Nome", validators=[DataRequired("Diga como a pessoa se chama."), Length(max=80)])
    email = EmailField("E-mail", validators=[Email("Esse e-mail parece incompleto.")])
    group = SelectField("Grupo", choices=[SelectChoice("vip", "Clientes VIP"), SelectChoice("leads", "Interessados")])
    notes = TextAreaField("Observações", description="Só a equipe vê.")
    channel = RadioField(
        "Prefere", choices=[SelectChoice("text", "Texto"), SelectChoice("voice", "Áudio")], default="text"
    )
    is_active = BooleanField("Receber campanhas", description="Desligue para quem pediu para sair.", default=True)


def show() -> ResponseReturnValue:
    form = SampleForm()
    if request.method == "POST" and form.validate():
        flash("Contato salvo.", "success")
        return redirect("/_ui")
    now = clock.now()
    page = render_template(
        "gallery/index.html", form=form, now=now, soon=now + timedelta(seconds=75), timedelta=timedelta
    )
    return page, 422 if form.errors else 200


def fragment() -> str:
    return render_template("gallery/_live.html", now=clock.now())


def fail(status: int) -> ResponseReturnValue:
    if status == 409:
        raise Conflict("A campanha já foi concluída.")
    abort(status)


def action() -> ResponseReturnValue:
    flash(f"Recebido: {dict(request.form, csrf_token='…')}", "info")
    return redirect("/_ui")


def sign_in() -> str:
    return render_template("gallery/auth.html", form=SampleForm())


def register(app: Flask) -> None:
    app.add_url_rule("/_ui", "gallery", show, methods=["GET", "POST"])
    app.add_url_rule("/_ui/fragment", "gallery_fragment", fragment)
    app.add_url_rule("/_ui/error/<int:status>", "gallery_error", fail, methods=["GET", "POST"])
    app.add_url_rule("/_ui/action", "gallery_action", action, methods=["POST"])
    app.add_url_rule("/_ui/auth", "gallery_auth", sign_in)
