"""Putting the program together and keeping it running."""

import asyncio
import contextlib
import signal

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


async def _living(app: web.Application):
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


async def serve(world: World, *, host: str, port: int) -> None:
    """Until SIGINT or SIGTERM. Callers left hanging are not waited for."""
    runner = web.AppRunner(build(world), access_log=None, shutdown_timeout=0.5, handler_cancellation=False)
    await runner.setup()
    await web.TCPSite(runner, host, port, backlog=2048).start()
    print(f"Simulador em {world.url} (não é o WhatsApp de verdade)", flush=True)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()
    await runner.cleanup()
