"""python -m simulator --port N [--host H] [--api-key KEY] [--data DIR] [--speed FACTOR] [--public-url URL]"""

import argparse
import asyncio
import errno
import logging
import os
import socket
import sys
from pathlib import Path

from simulator.server import listen, serve
from simulator.world import World


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="simulator", description="A pretend WhatsApp (Evolution API v2.3.7).")
    parser.add_argument("--port", type=int, default=int(os.environ.get("SIMULATOR_PORT", "8080")))
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--api-key", default=os.environ.get("EVOLUTION_API_KEY") or "simulador")
    parser.add_argument("--data", type=Path, default=None, help="folder that survives a restart; none = memory only")
    parser.add_argument("--speed", type=float, default=1.0, help="divides every waiting time")
    parser.add_argument("--public-url", default=None, help="address printed in QR codes and webhooks")
    parser.add_argument("--verbose", action="store_true")
    return parser.parse_args()


async def _run(options: argparse.Namespace, sock: socket.socket) -> None:
    url = options.public_url or f"http://{options.host}:{sock.getsockname()[1]}"
    world = World(url=url.rstrip("/"), api_key=options.api_key, folder=options.data, speed=options.speed)
    await serve(world, sock)


def main() -> int:
    options = _arguments()
    logging.basicConfig(level=logging.INFO if options.verbose else logging.WARNING, stream=sys.stderr)
    if options.speed <= 0:
        return _refuse("--speed must be above zero")
    try:
        sock = listen(options.host, options.port)
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        return _refuse(f"port {options.port} is taken" if taken else f"cannot listen on {options.host}: {error}")
    asyncio.run(_run(options, sock))
    return 0


def _refuse(reason: str) -> int:
    print(f"simulator: {reason}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
