"""Listen live: each new message of a customer is shown, and answered when `--answer` says with what.

    python live.py https://recado.example.com ana@padaria.com.br [--answer TEXT] [--stop-after N]

Needs `requests` and `python-socketio[client]`. An event carries ids only; what it is about is asked of the API.
"""

import argparse
import getpass
import os
import queue
from typing import Any

import requests
import socketio


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("url")
    parser.add_argument("email")
    parser.add_argument("--answer")
    parser.add_argument("--stop-after", type=int, default=0)
    given = parser.parse_args()
    api = requests.Session()
    body = {"email": given.email, "password": os.environ.get("RECADO_PASSWORD") or getpass.getpass()}
    signed = api.post(f"{given.url}/api/v1/auth/login", json=body, timeout=30)
    signed.raise_for_status()
    token = signed.json()["access_token"]
    api.headers["Authorization"] = f"Bearer {token}"
    listen(given, api, token)


def listen(given: Any, api: requests.Session, token: str) -> None:
    news: queue.Queue[dict[str, Any]] = queue.Queue()
    client = socketio.Client()
    client.on("message:new", news.put)
    client.connect(given.url, auth={"token": token}, transports=["websocket"])
    print("listening", flush=True)
    seen = 0
    while not given.stop_after or seen < given.stop_after:
        event = news.get()
        message = api.get(f"{given.url}/api/v1/messages/{event['message_id']}", timeout=30).json()
        if message.get("direction") != "inbound":
            continue
        seen += 1
        print(f"received: {message['text']}", flush=True)
        told = client.call("ticket:subscribe", {"ticket_id": message["ticket_id"]})
        if not told["ok"] or not given.answer:
            continue
        body = {"ticket_id": message["ticket_id"], "message": {"content": given.answer}}
        api.post(f"{given.url}/api/v1/messages", json=body, timeout=30).raise_for_status()
        print(f"answered: {given.answer}", flush=True)
    client.disconnect()


if __name__ == "__main__":
    main()
