"""Putting the program together and keeping it running."""

import asyncio
import signal
import socket
from collections.abc import AsyncIterator

from aiohttp import web

from simulator import connection, media, receipts
from simulator.api import routes as api
from simulator.api.frame import WORLD
from simulator.control import routes as control
from simulator.pages import routes as pages
from simulator.world import World


def build(world: World) -> web.Application:
    app = web.Application(client_max_size=media.LIMIT)
    app[WORLD] = world
    pages.add(app)
    control.add(app)
    api.add(app)
    api.add_unknown(app)
    app.cleanup_ctx.append(_living)
    return app


async def _living(app: web.Application) -> AsyncIterator[None]:
    world = app[WORLD]
    await world.webhooks.open()
    connection.boot(world)
    receipts.resume(world)
    saver = asyncio.create_task(_save_often(world))
    yield
    saver.cancel()
    await world.webhooks.close()
    world.store.close()


async def _save_often(world: World) -> None:
    while True:
        await asyncio.sleep(0.2)
        world.store.flush()


def listen(host: str, port: int) -> socket.socket:
    """Take the port before anything else happens; OSError when somebody has it."""
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
    except OSError:
        sock.close()
        raise
    return sock


async def serve(world: World, sock: socket.socket) -> None:
    """Until SIGINT or SIGTERM. Callers left hanging are not waited for."""
    runner = web.AppRunner(build(world), access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    await web.SockSite(runner, sock, backlog=2048).start()
    print(f"Simulador em {world.url} (não é o WhatsApp de verdade)", flush=True)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()
    await runner.cleanup()
