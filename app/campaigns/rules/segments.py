"""Which recipients of an earlier campaign a new one is for, and which the tables show."""

from flask_babel import lazy_gettext as _l

LEFT = ("sent", "delivered", "read", "played")
# name → message statuses, and whether the person answered (None = either)
SEGMENTS: dict[str, tuple[tuple[str, ...], bool | None]] = {
    "queued": (("queued", "sending", "held"), None),
    "sent": (("sent",), None),
    "delivered": (("delivered",), None),
    "read": (("read", "played"), None),
    "replied": (("sent", "delivered", "read", "played", "unconfirmed", "failed"), True),
    "failed": (("failed",), None),
    "unconfirmed": (("unconfirmed",), None),
    "cancelled": (("cancelled",), None),
    "all_sent": (LEFT, None),
    "not_read": (("sent", "delivered"), None),
    "not_replied": (LEFT, False),
    "read_not_replied": (("read", "played"), False),
}
FOLLOW_UPS = {
    "not_read": _l("Quem não leu"),
    "read_not_replied": _l("Quem leu e não respondeu"),
    "replied": _l("Quem respondeu"),
    "not_replied": _l("Quem não respondeu"),
    "failed": _l("Quem não recebeu (falhas)"),
    "cancelled": _l("Quem ficou sem receber (canceladas)"),
    "all_sent": _l("Todos que receberam"),
}
