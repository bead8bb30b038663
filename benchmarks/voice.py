"""Spoken campaigns: 10,000 recipients, 30 % different texts; the provider's real client asks a stand-in that counts.

Every different text must be synthesised once and no more. Look-ups of ready audios stand against a bare Redis GET; and
how long after the click the first voice note reaches the gateway, with the product's own sender and voice worker.
"""

import os
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np

from app.campaigns import service
from app.campaigns.jobs import crew_of
from app.campaigns.service.speaking import prepare
from app.config import VoiceLimits
from app.core import background, ids
from app.core.context import acting
from app.core.db import release
from app.voice import service as voices
from app.voice.queries.configs import speaker_of
from app.voice.rules.recipes import Recipe
from app.voice.service import cache
from app.voice.service.making import obtain
from benchmarks import seeds, sending
from benchmarks.common import Stack, worker
from benchmarks.report import Row, interleave, main
from tests.factories import Company

RECIPIENTS = int(os.environ.get("VOICE_RECIPIENTS") or 10_000)  # fewer for a quick look
DIFFERENT = RECIPIENTS * 3 // 10
LOOKUPS = 20_000
MESSAGE = "Olá {nome}, temos novidades para você hoje."
RATE = 24_000


_NAMES = """
    UPDATE contacts c SET name = 'Pessoa ' || n.name FROM (
        SELECT contact_id, chr(97 + mod(turn / 676, 26)::int) || chr(97 + mod(turn / 26, 26)::int)
            || chr(97 + mod(turn, 26)::int) AS name
        FROM (SELECT contact_id, mod(row_number() OVER (ORDER BY contact_id) - 1, %s) AS turn
            FROM group_members WHERE group_id = %s) x) n
    WHERE c.id = n.contact_id
"""


class Counting:
    """Speaks like Azure's address, a quarter of a second of tone, and counts the texts."""

    def __init__(self) -> None:
        self.texts: list[bytes] = []
        tone = np.sin(np.linspace(0, 440 * 2 * np.pi * 0.25, RATE // 4)) * 12_000
        self._pcm = tone.astype("<i2").tobytes()
        counting = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                counting.texts.append(self.rfile.read(int(self.headers["content-length"])))
                self.send_response(200)
                self.send_header("content-length", str(len(counting._pcm)))
                self.end_headers()
                self.wfile.write(counting._pcm)

            def log_message(self, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def counting() -> Iterator[Counting]:
    provider = Counting()
    try:
        yield provider
    finally:
        provider.close()


def run(stack: Stack, rounds: int) -> list[Row]:
    with counting() as provider:
        bounds = VoiceLimits(ahead=RECIPIENTS, chunk=200, endpoints=(f"azure={provider.url}",))
        with stack.app(voice=bounds).app_context(), sending.gateway(stack) as stub:
            company, numbers = sending.make_numbers(stub, 1, sending.pace(0))
            with acting(company.actor("admin")):
                rows = _campaign(stack, provider, company, numbers[0])
                rows.append(_lookups(rounds))
                rows.append(_first_out(stack, stub, company, numbers[0], rounds))
    return rows


def audience(stack: Stack, company: Company, count: int, different: int, start: int = 0) -> uuid.UUID:
    """A group whose people share `different` names."""
    people, group = seeds.make_people(stack, company, count, start=start), ids.new_id()
    seeds.copy(stack, "groups", ("id", "tenant_id", "name"), [(group, company.tenant_id, f"Todos {group}")])
    seeds.copy(stack, "group_members", ("group_id", "contact_id", "tenant_id"),
               ((group, person, company.tenant_id) for person in people))  # fmt: skip
    with stack.cursor(stack.owner_url) as cursor:
        cursor.execute(_NAMES, (different, str(group)))
    return group


def _campaign(stack: Stack, provider: Counting, company: Company, number: uuid.UUID) -> list[Row]:
    """Both ways: whole texts, and in parts; syntheses against different texts."""
    group = audience(stack, company, RECIPIENTS, DIFFERENT)
    voices.save_account("azure", {"key": "bench-key-1234", "region": "brazilsouth"})
    found = []
    for in_parts, wanted in ((False, DIFFERENT), (True, DIFFERENT + 1)):
        voice = voices.create_config(
            name=f"Azure {in_parts}", provider="azure", voice_id="pt-BR-FranciscaNeural", speaks_in_parts=in_parts
        ).id
        campaign = _launched(number, group, voice)
        provider.texts.clear()
        started = time.perf_counter()
        while prepare(campaign, 30, lambda: False, crew_of(company.system, VoiceLimits.crew)):
            pass
        seconds = time.perf_counter() - started
        ready = stack.scalar(f"SELECT count(*) FROM messages WHERE campaign_id = '{campaign}' AND media_id IS NOT NULL")
        if ready != RECIPIENTS:
            raise AssertionError(f"{ready} audios for {RECIPIENTS} recipients")
        done = len(provider.texts)
        goal = f"4 syntheses of {RECIPIENTS:,} notes {'in parts' if in_parts else 'whole'}"
        note = f"{RECIPIENTS / seconds:.0f} notes/s"
        found.append(Row(goal, f"{done}", f"{wanted} different", done / wanted, 1.0, is_ceiling=True, note=note))
        service.cancel(campaign)
        release()
    return found


def _launched(number: uuid.UUID, group: uuid.UUID, voice: uuid.UUID, message: str = MESSAGE) -> uuid.UUID:
    campaign = service.create(
        name=f"Bench {uuid.uuid4().hex[:8]}", message=message, instance_ids=[number], audience={"group_ids": [group]},
        tts_config_id=voice,
    )  # fmt: skip
    wanted = campaign.id
    service.launch(wanted)
    release()
    return wanted


def _lookups(rounds: int) -> Row:
    """Ready audios by key, as fifty workers ask; the limit is the GET alone."""
    voice = speaker_of(voices.create_config(name="Local"))
    recipes = [Recipe(voice, (f"Olá, este é o texto número {turn}",)) for turn in range(20)]
    keys = [recipe.key for recipe in recipes]
    for recipe in recipes:
        obtain(recipe)
    release()

    def ours() -> float:
        started = time.perf_counter()
        for turn in range(LOOKUPS):
            if cache.find(keys[turn % len(keys)]) is None:
                raise AssertionError("a ready audio was not found")
        return LOOKUPS / (time.perf_counter() - started)

    def bare() -> float:
        names = [cache._fast_key(key) for key in keys]
        client = background.redis()
        started = time.perf_counter()
        for turn in range(LOOKUPS):
            client.get(names[turn % len(names)])
        return LOOKUPS / (time.perf_counter() - started)

    pair = interleave(ours, bare, rounds)
    figure, limit = f"{pair.our_median:.0f}/s", f"{pair.limit_median:.0f}/s"
    return Row("4 look-ups of ready audios", figure, limit, pair.ratio, 0.70)


def _first_out(stack: Stack, stub: sending.Stub, company: Company, number: uuid.UUID, rounds: int) -> Row:
    """From the click to the gateway, by the embedded voice, nothing made before."""
    group = audience(stack, company, 1_000, 1_000, start=RECIPIENTS)
    voice = voices.create_config(name="Embutida").id
    waits = []
    with sending.sender(stack), worker(stack, "voice"):
        for turn in range(min(rounds, 3)):
            stub.arrivals()
            started = time.perf_counter()
            campaign = _launched(number, group, voice, MESSAGE + f" Aviso {turn}.")
            sending.first_arrival(stub)
            waits.append(time.perf_counter() - started)
            service.cancel(campaign)
            release()
    wait = sorted(waits)[len(waits) // 2]
    return Row("4 first voice note out", f"{wait:.2f} s", "5 s", wait / 5, 1.0, is_ceiling=True)


if __name__ == "__main__":
    main(run)
