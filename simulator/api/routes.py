"""Which path leads to which call."""

from aiohttp import web

from simulator.api import chat, hooks, instances, search, send
from simulator.api.frame import door, unknown


def add(app: web.Application) -> None:
    router = app.router
    router.add_post("/instance/create", door(instances.create, area="instance", instance=False))
    router.add_get("/instance/fetchInstances", door(instances.fetch, area="instance", instance=False))
    for method, path, handler in _INSTANCE:
        router.add_route(method, f"/instance/{path}/{{name}}", door(handler, area="instance"))
    router.add_post("/settings/set/{name}", door(hooks.set_settings, area="settings"))
    router.add_get("/settings/find/{name}", door(hooks.find_settings, area="settings"))
    router.add_post("/webhook/set/{name}", door(hooks.set_webhook, area="webhook"))
    router.add_get("/webhook/find/{name}", door(hooks.find_webhook, area="webhook"))
    for kind in send.KINDS:
        router.add_post(f"/message/{kind}/{{name}}", door(send.sender(kind), area="send"))
    for path, handler in _CHAT.items():
        router.add_post(f"/chat/{path}/{{name}}", door(handler, area="chat"))
    router.add_delete("/chat/deleteMessageForEveryone/{name}", door(chat.delete, area="chat"))


def add_unknown(app: web.Application) -> None:
    """Last of all: whatever no other route took."""
    app.router.add_route("*", "/{tail:.*}", unknown)


_INSTANCE = (
    ("GET", "connect", instances.connect),
    ("GET", "connectionState", instances.state),
    ("POST", "restart", instances.restart),
    ("DELETE", "logout", instances.logout),
    ("DELETE", "delete", instances.delete),
    ("POST", "setPresence", instances.set_presence),
)
_CHAT = {
    "whatsappNumbers": chat.whatsapp_numbers,
    "markMessageAsRead": chat.mark_read,
    "sendPresence": chat.send_presence,
    "fetchProfilePictureUrl": chat.picture,
    "getBase64FromMediaMessage": chat.media_base64,
    "updateMessage": chat.update,
    "updateBlockStatus": chat.block,
    "findMessages": search.messages,
    "findStatusMessage": search.statuses,
    "findContacts": search.contacts,
    "findChats": search.chats,
}
