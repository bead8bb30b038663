"""Pages: signing in, one's own settings, people, the company, its audit log, API tokens."""

from flask import Blueprint, Flask

from app.accounts import guard
from app.accounts.views import (
    audit,
    company,
    elsewhere,
    links,
    outbox,
    profile,
    security,
    sign_in,
    team,
    tokens,
)
from app.ui.i18n import language_chosen
from app.ui.theme import theme_chosen

blueprint = Blueprint("accounts", __name__, template_folder="../templates")

# (address, endpoint, GET, POST): either may be None; a POST of its own has its own name.
ROUTES = (
    ("/login", ("login", sign_in.login), ("sign_in", sign_in.sign_in)),
    ("/login/code", ("code", sign_in.code), ("check_code", sign_in.check_code)),
    ("/login/<provider>", ("sign_in_elsewhere", elsewhere.start), None),
    ("/login/<provider>/back", ("back_from_elsewhere", elsewhere.back), None),
    ("/logout", None, ("logout", sign_in.logout)),
    ("/forgot", ("forgot", links.forgot), ("ask_reset", links.ask_reset)),
    ("/reset/<token>", ("reset", links.reset), ("save_reset", links.save_reset)),
    ("/invite/<token>", ("invitation", links.invitation), ("accept_invitation", links.accept)),
    ("/register", ("register", links.register), ("ask_registration", links.ask_registration)),
    (
        "/register/<token>",
        ("registration_link", links.registration_link),
        ("confirm_registration", links.confirm_registration),
    ),
    ("/confirm", ("ask_confirmation", security.ask_confirmation), ("confirm", security.confirm)),
    ("/dev/mails", ("outbox", outbox.index), None),
    ("/dev/mails/<mail_id>", ("outbox_mail", outbox.show), None),
    ("/dev/mails/<mail_id>/body", ("outbox_body", outbox.body), None),
    ("/settings", ("settings", profile.settings), None),
    ("/settings/profile", ("profile", profile.show), ("save_profile", profile.save)),
    ("/settings/profile/password", None, ("change_password", security.change_password)),
    ("/settings/profile/sessions", None, ("end_sessions", security.end_sessions)),
    ("/settings/security", ("security", security.show), None),
    ("/settings/security/sessions/<uuid:session_id>/end", None, ("end_session", security.end_session)),
    (
        "/settings/security/second-factor",
        ("set_up_second_factor", security.set_up),
        ("enable_second_factor", security.enable),
    ),
    ("/settings/security/second-factor/codes", None, ("renew_codes", security.renew_codes)),
    ("/settings/security/second-factor/off", None, ("disable_second_factor", security.disable)),
    ("/settings/security/<provider>/link", ("link_elsewhere", elsewhere.link), None),
    ("/settings/security/<provider>/unlink", None, ("unlink_elsewhere", elsewhere.unlink)),
    ("/settings/users", ("team", team.index), ("invite_person", team.invite)),
    ("/settings/users/<uuid:user_id>", ("edit_person", team.edit), ("save_person", team.save)),
    ("/settings/users/<uuid:user_id>/invite", None, ("resend_invitation", team.resend)),
    ("/settings/users/<uuid:user_id>/deactivate", None, ("deactivate_person", team.deactivate)),
    ("/settings/users/<uuid:user_id>/activate", None, ("activate_person", team.activate)),
    ("/settings/users/<uuid:user_id>/second-factor/off", None, ("reset_second_factor", team.reset_second_factor)),
    ("/settings/company", ("company", company.show), ("save_company", company.save)),
    ("/settings/company/safety", None, ("save_safety", company.save_safety)),
    ("/settings/audit", ("audit", audit.index), None),
    ("/settings/audit/exports", None, ("export_audit", audit.export)),
    ("/settings/audit/exports/<uuid:audit_export_id>", ("audit_export", audit.show_export), None),
    ("/settings/audit/exports/<uuid:audit_export_id>/state", ("audit_export_state", audit.export_state), None),
    ("/settings/audit/exports/<uuid:audit_export_id>/file", ("audit_export_file", audit.download), None),
    ("/settings/tokens", ("tokens", tokens.index), ("create_token", tokens.create)),
    ("/settings/tokens/<uuid:token_id>/revoke", None, ("revoke_token", tokens.revoke)),
)
for address, get, post in ROUTES:
    for method, door in (("GET", get), ("POST", post)):
        if door is not None:
            blueprint.add_url_rule(address, door[0], door[1], methods=[method])


def init_app(app: Flask) -> None:
    guard.init_app(app)
    elsewhere.init_app(app)
    language_chosen.connect(profile.keep_language, sender=app)
    theme_chosen.connect(profile.keep_theme, sender=app)
    app.register_blueprint(blueprint)
