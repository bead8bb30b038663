"""Which address shows which page."""

from aiohttp import web

from simulator.api.frame import WORLD, answer


def add(app: web.Application) -> None:
    app.router.add_get("/", home)


async def home(request: web.Request) -> web.StreamResponse:
    """A browser gets the page; everybody else the gateway's greeting."""
    return answer(greeting(request))


def greeting(request: web.Request) -> dict[str, object]:
    world = request.app[WORLD]
    return {
        "status": 200,
        "message": "Welcome to the Evolution API, it is working!",
        "version": world.config.version,
        "clientName": "evolution_exchange",
        "manager": f"{world.url}/manager",
        "documentation": "https://doc.evolution-api.com",
        "whatsappWebVersion": "2.3000.1025091414",
    }
