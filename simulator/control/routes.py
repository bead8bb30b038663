"""Which /_sim path does what."""

from aiohttp import web

from simulator.control import board, phones
from simulator.control.frame import door


def add(app: web.Application) -> None:
    for method, path, handler in _BOARD:
        app.router.add_route(method, f"/_sim/{path}", door(handler))
    for method, path, handler in _PHONES:
        app.router.add_route(method, f"/_sim/instances/{{name}}/{path}", door(handler))


_BOARD = (
    ("GET", "healthz", board.healthz),
    ("GET", "ledger", board.ledger),
    ("GET", "ledger/summary", board.summary),
    ("GET", "faults", board.list_faults),
    ("POST", "faults", board.add_fault),
    ("DELETE", "faults", board.clear_faults),
    ("DELETE", "faults/{id}", board.remove_fault),
    ("GET", "config", board.get_config),
    ("POST", "config", board.set_config),
    ("POST", "reset", board.reset),
    ("GET", "people/{number}", board.person),
    ("POST", "scan-all", phones.scan_all),
    ("GET", "instances", board.instances),
    ("GET", "instances/{name}", board.instance),
)
_PHONES = (
    ("POST", "scan", phones.scan),
    ("POST", "ban", phones.ban),
    ("POST", "logout", phones.logout),
    ("POST", "close", phones.close),
    ("POST", "drop", phones.drop),
    ("POST", "inbound", phones.receive),
    ("POST", "phone-message", phones.type_on_phone),
    ("POST", "typing", phones.typing),
    ("POST", "event", phones.event),
    ("POST", "chats/{jid}/read", phones.read_chat),
    ("POST", "messages/{id}/read", phones.read),
    ("POST", "messages/{id}/played", phones.played),
    ("POST", "messages/{id}/status", phones.status),
    ("POST", "messages/{id}/delete", phones.delete),
    ("POST", "messages/{id}/edit", phones.edit),
    ("POST", "messages/{id}/repeat", phones.repeat),
)
