"""The whole main job by the API alone: connect a number, import a sheet, launch, follow, answer who answers.

    python main_job.py https://recado.example.com ana@padaria.com.br clientes.csv      (asks for the password)

Needs only `requests`.
"""

import argparse
import getpass
import os
import sys
import time
import uuid
from pathlib import Path
from typing import Any

import requests

PATIENCE = 600.0


class Recado:
    """Signs in, renews by itself, waits when asked to, and repeats nothing that may have been done."""

    def __init__(self, url: str, email: str, password: str) -> None:
        self._url, self._session = f"{url.rstrip('/')}/api/v1", requests.Session()
        self._keep(self._send("POST", "/auth/login", json={"email": email, "password": password}))

    def call(self, method: str, path: str, **rest: Any) -> Any:
        """The same key at each try, so that a POST is done once however often the line breaks."""
        headers = {"Idempotency-Key": str(uuid.uuid4())} if method == "POST" else {}
        for attempt in range(5):
            try:
                answer = self._send(method, path, headers=headers, **rest)
            except requests.ConnectionError:
                time.sleep(2**attempt)
                continue
            if answer.status_code == 401:
                self._keep(self._send("POST", "/auth/refresh", json={"refresh_token": self._refresh}))
            elif answer.status_code in (429, 503):
                time.sleep(int(answer.headers.get("Retry-After", 5)))
            elif answer.ok:
                return answer.json() if answer.content else None
            else:
                raise SystemExit(f"{method} {path}: {answer.status_code} {answer.text}")
        raise SystemExit(f"{method} {path}: gave up")

    def _send(self, method: str, path: str, **rest: Any) -> requests.Response:
        return self._session.request(method, self._url + path, timeout=60, **rest)

    def _keep(self, answer: requests.Response) -> None:
        if not answer.ok:
            raise SystemExit(f"sign-in: {answer.status_code} {answer.text}")
        pair = answer.json()
        self._refresh = pair["refresh_token"]
        self._session.headers["Authorization"] = f"Bearer {pair['access_token']}"


def wait(what: str, look: Any, ready: Any) -> Any:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        found = look()
        if ready(found):
            return found
        time.sleep(1.5)
    raise SystemExit(f"{what}: not in time")


def connect(api: Recado, name: str, scan: str | None) -> str:
    """`scan`: an address to POST to once the code is there (of the simulator); a person points the phone."""
    number = api.call("POST", "/instances", json={"name": name, "provider": "evolution"})["id"]
    api.call("POST", f"/instances/{number}/connect", json={})
    link = wait("QR", lambda: api.call("GET", f"/instances/{number}/qr"), lambda found: found["qr_code"])
    if scan is None:
        Path("qr.txt").write_text(link["qr_code"])
        print("point the phone at the picture whose data URI is in qr.txt")
    else:
        requests.post(scan, timeout=30)
    wait("phone", lambda: api.call("GET", f"/instances/{number}/status"), lambda found: found["status"] == "connected")
    return str(number)


def bring_in(api: Recado, sheet: Path) -> str:
    group = api.call("POST", "/groups", json={"name": f"{sheet.stem} {time.time():.0f}"})["id"]
    started = api.call(
        "POST", "/contacts/import", files={"file": (sheet.name, sheet.read_bytes())}, data={"group_id": group}
    )
    path = f"/contacts/imports/{started['id']}"
    done = wait("import", lambda: api.call("GET", path), lambda found: found["status"] in ("completed", "failed"))
    print(f"import: {done['valid']} valid, {done['invalid']} without a usable phone, {done['repaired']} repaired")
    for error in done["errors"][:5]:
        print(f"  row {error['row']}: {error['message']}")
    return str(group)


def launch(api: Recado, number: str, group: str, text: str) -> dict[str, Any]:
    body = {"name": f"API {time.time():.0f}", "message": text, "group_ids": [group], "instance_id": number}
    campaign = api.call("POST", "/campaigns", json=body)["id"]
    api.call("POST", f"/campaigns/{campaign}/launch", json={})
    path = f"/campaigns/{campaign}/stats"
    stats = wait("campaign", lambda: api.call("GET", path), lambda found: found["status"] != "sending")
    print(
        f"campaign: {stats['status']}, {stats['total_sent']} of {stats['total']} sent, {stats['total_failed']} failed"
    )
    return dict(stats)


def answer_everybody(api: Recado, text: str) -> int:
    """Take what waits, answer it, close it. How many."""
    tickets = api.call("GET", "/tickets?status=pending")["data"]
    for ticket in tickets:
        api.call("POST", f"/tickets/{ticket['id']}/takeover", json={})
        sent = api.call("POST", "/messages", json={"ticket_id": ticket["id"], "message": {"content": text}})["id"]
        wait("answer", lambda sent=sent: api.call("GET", f"/messages/{sent}"), lambda found: found["sent_at"])
        api.call("POST", f"/tickets/{ticket['id']}/close", json={})
    print(f"inbox: {len(tickets)} answered")
    return len(tickets)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("url")
    parser.add_argument("email")
    parser.add_argument("sheet", type=Path)
    parser.add_argument("--text", default="Oi, {primeiro_nome|tudo bem}! Temos novidades.")
    parser.add_argument("--number", default="Número da API")
    parser.add_argument("--scan", help="address to POST to when the QR code is there (the simulator's)")
    parser.add_argument("--inbound", help="address to POST to before answering (the simulator's)")
    given = parser.parse_args()
    api = Recado(given.url, given.email, os.environ.get("RECADO_PASSWORD") or getpass.getpass())
    number = connect(api, given.number, given.scan)
    stats = launch(api, number, bring_in(api, given.sheet), given.text)
    if given.inbound:
        requests.post(given.inbound, json={"from": "5511987654321", "text": "Quero saber mais"}, timeout=30)
        wait("question", lambda: api.call("GET", "/tickets?status=pending"), lambda found: found["data"])
    answer_everybody(api, "Obrigado por responder! Já te atendemos.")
    sys.exit(0 if stats["status"] == "completed" else 1)


if __name__ == "__main__":
    main()
