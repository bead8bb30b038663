"""The role matrix, and the one question every service asks at its door."""

from flask_babel import lazy_gettext as _l

from app.core.context import Actor, current_actor
from app.core.errors import Forbidden

_VIEWER = {"contacts.read", "campaigns.read", "templates.read", "instances.see", "reports.see", "funnels.read"}
_AGENT = {
    "contacts.read",
    "contacts.write",
    "templates.read",
    "campaigns.read",
    "instances.see",
    "inbox.use",
    "messages.send",
    "media.write",
    "quick_replies.own",
    "funnels.read",
    "funnels.write",
    "reports.own",
}
_MANAGER = (_AGENT | _VIEWER) | {
    "contacts.manage",
    "contacts.export",
    "campaigns.write",
    "templates.write",
    "voice.manage",
    "instances.connect",
    "inbox.all",
    "queues.manage",
}
_DEVELOPER = {"instances.see", "tokens.manage", "webhooks.manage", "logs.see", "dead_letters.manage"}
_ADMIN = (
    _MANAGER
    | _DEVELOPER
    | {
        "users.manage",
        "instances.manage",
        "settings.manage",
        "audit.see",
    }
)

ROLES: dict[str, frozenset[str]] = {
    "admin": frozenset(_ADMIN),
    "manager": frozenset(_MANAGER),
    "agent": frozenset(_AGENT),
    "viewer": frozenset(_VIEWER),
    "developer": frozenset(_DEVELOPER),
}
ALL = ROLES["admin"]


def can(actor: Actor, permission: str) -> bool:
    if permission not in ALL:
        raise ValueError(f"unknown permission {permission!r}")
    if actor.role == "system":
        return True
    if actor.scopes is not None and permission not in actor.scopes:
        return False
    return permission in ROLES.get(actor.role, frozenset()) or permission in actor.permissions


def require(permission: str) -> Actor:
    """The actor, or Forbidden. The first line of every public service verb."""
    actor = current_actor()
    if not can(actor, permission):
        raise Forbidden
    return actor


# What a company may ask a fresh second factor for.
SENSITIVE = ("export", "tokens", "roles")


class ConfirmationNeeded(Forbidden):
    code, title = "confirmation_required", _l("Confirme que é você")

    def __init__(self) -> None:
        super().__init__(_l("Esta ação pede o código da verificação em duas etapas; confirme e tente de novo."))


def confirm(action: str) -> None:
    """Raises ConfirmationNeeded where the company asks for a recent second factor before `action`, one of SENSITIVE."""
    if action not in SENSITIVE:
        raise ValueError(f"unknown action {action!r}")
    if action in current_actor().unconfirmed:
        raise ConfirmationNeeded
