"""Which address shows which page."""

from aiohttp import web

from simulator.pages import actions, files, views
from simulator.pages.actions import action
from simulator.pages.render import STATIC

_PHONE = "/_sim/phone/{name}"
_CHAT = _PHONE + "/chat/{jid}"


def add(app: web.Application) -> None:
    for path, handler in _PAGES.items():
        app.router.add_get(path, handler)
    for path, act in _ACTIONS.items():
        app.router.add_post(path, action(act))
    app.router.add_post("/_sim/scan/{code}", views.scan)
    app.router.add_static("/_sim/static", STATIC)


_PAGES = {
    "/": views.home,
    "/_sim": views.board,
    "/_sim/": views.board,
    "/_sim/parts/numbers": views.board_part,
    "/_sim/panel": views.panel,
    "/_sim/panel/{name}": views.panel,
    "/_sim/scan/{code}": views.scan,
    "/_sim/news": files.news,
    "/_sim/avatar/{user}.png": files.avatar,
    _PHONE: views.phone,
    f"{_PHONE}/parts/state": views.state_part,
    f"{_PHONE}/parts/chats": views.chats_part,
    f"{_PHONE}/media/{{id}}": files.of_message,
    _CHAT: views.phone,
    f"{_CHAT}/part": views.chat_part,
}
_ACTIONS = {
    f"{_PHONE}/scan": actions.scan,
    f"{_PHONE}/lose": actions.lose,
    f"{_PHONE}/new-chat": actions.new_chat,
    f"{_PHONE}/message/{{id}}": actions.on_message,
    f"{_CHAT}/say": actions.say,
    f"{_CHAT}/read": actions.read,
    f"{_CHAT}/typing": actions.typing,
    "/_sim/panel/faults": actions.fault,
    "/_sim/panel/off": actions.fault_off,
    "/_sim/panel/habits": actions.habits,
    "/_sim/panel/{name}/faults": actions.fault,
    "/_sim/panel/{name}/off": actions.fault_off,
    "/_sim/panel/{name}/habits": actions.habits,
}
