"""Pages: signing in, one's own profile, API tokens."""

from flask import Blueprint, Flask

from app.accounts import guard
from app.accounts.views import profile, sign_in, tokens
from app.ui.i18n import language_chosen
from app.ui.theme import theme_chosen

blueprint = Blueprint("accounts", __name__, template_folder="../templates")
blueprint.add_url_rule("/login", "login", sign_in.login, methods=["GET"])
blueprint.add_url_rule("/login", "sign_in", sign_in.sign_in, methods=["POST"])
blueprint.add_url_rule("/logout", "logout", sign_in.logout, methods=["POST"])
blueprint.add_url_rule("/settings", "settings", profile.settings, methods=["GET"])
blueprint.add_url_rule("/settings/profile", "profile", profile.show, methods=["GET"])
blueprint.add_url_rule("/settings/profile", "save_profile", profile.save, methods=["POST"])
blueprint.add_url_rule("/settings/profile/password", "change_password", profile.change_password, methods=["POST"])
blueprint.add_url_rule("/settings/profile/sessions", "end_sessions", profile.end_sessions, methods=["POST"])
blueprint.add_url_rule("/settings/tokens", "tokens", tokens.index, methods=["GET"])
blueprint.add_url_rule("/settings/tokens", "create_token", tokens.create, methods=["POST"])
blueprint.add_url_rule("/settings/tokens/<uuid:token_id>/revoke", "revoke_token", tokens.revoke, methods=["POST"])


def init_app(app: Flask) -> None:
    guard.init_app(app)
    language_chosen.connect(profile.keep_language, sender=app)
    theme_chosen.connect(profile.keep_theme, sender=app)
    app.register_blueprint(blueprint)
