"""The verbs of WhatsApp numbers.

`settings`: what people decide. `link`: what people ask of the connection (jobs do it). `facts`: what the gateway
told us. `gateway`: the calls themselves, made by jobs only, with no database connection held.
"""

from app.instances.service.facts import (
    record_closed,
    record_connecting,
    record_gone,
    record_open,
    record_qr,
    record_qr_exhausted,
    record_silence,
    record_trouble,
)
from app.instances.service.gateway import (
    check,
    check_all,
    close_link,
    open_link,
    refresh_link,
    remove,
    restart,
    send_test,
)
from app.instances.service.link import (
    ask_connect,
    ask_disconnect,
    ask_refresh,
    ask_restart,
    ask_test,
    wait_for_link,
)
from app.instances.service.settings import create, delete, make_default, update

__all__ = [
    "ask_connect",
    "ask_disconnect",
    "ask_refresh",
    "ask_restart",
    "ask_test",
    "check",
    "check_all",
    "close_link",
    "create",
    "delete",
    "make_default",
    "open_link",
    "record_closed",
    "record_connecting",
    "record_gone",
    "record_open",
    "record_qr",
    "record_qr_exhausted",
    "record_silence",
    "record_trouble",
    "refresh_link",
    "remove",
    "restart",
    "send_test",
    "update",
    "wait_for_link",
]
