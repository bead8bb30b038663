"""Files and rows that part company: lost, truncated, expired, too many, and makers that were killed."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import boto3
import pytest
from moto import mock_aws
from sqlalchemy import text

from app.core import storage as storages
from app.core.context import acting, system
from app.core.db import release, transaction
from app.core.storage import make_storage, storage
from app.media.queries import find_media
from app.voice.jobs import MB, evict
from app.voice.models import CachedAudio
from app.voice.rules.shares import share
from app.voice.service import cache, eviction, keeping, limits, making
from app.voice.service.making import obtain


@pytest.fixture(autouse=True)
def _look_each_time(monkeypatch):
    """A good answer about a file is not believed for minutes."""
    monkeypatch.setattr(cache, "CHECKED_FOR", 0.0)


def row_of(audio_id) -> CachedAudio | None:
    with transaction() as session:
        return session.get(CachedAudio, audio_id, populate_existing=True)


def change(**values) -> None:
    pairs = ", ".join(f"{name} = {value}" for name, value in values.items())
    with transaction() as session:
        session.execute(text(f"UPDATE tts_audio_cache SET {pairs}"))


@pytest.mark.parametrize("which", ["path", "voice_path"])
def test_a_lost_file_is_made_again(recipe, which):
    first = obtain(recipe()).kept
    storage().delete(getattr(first, which))
    again = obtain(recipe())
    assert not again.cached
    assert (again.kept.id, again.kept.media_id) == (first.id, first.media_id)
    assert storage().size(find_media(first.media_id).storage_key) == again.kept.voice_bytes


def test_a_truncated_file_is_made_again(recipe):
    first = obtain(recipe()).kept
    storage().put(first.path, storage().read(first.path)[:100], "audio/mpeg")
    assert not obtain(recipe()).cached


def test_a_lost_part_is_made_again(recipe):
    words = ("Olá Ana,", "sua encomenda chegou hoje à loja.")
    obtain(recipe(*words))
    part = cache.find(recipe(words[1], kind="part").key)
    storage().delete(part.path)
    making._shelf.__init__()
    made = obtain(recipe("Olá Bia,", words[1]))
    assert made.billed == len("Olá Bia,") + len(words[1])


def test_a_maker_killed_before_its_files_is_followed(recipe):
    wanted = recipe()
    dead = cache.claim(wanted, "dead")
    change(lease="clock_timestamp() - interval '1 second'")
    made = obtain(wanted)
    assert made.kept.id == dead.id
    assert row_of(dead.id).version == 2


def test_a_maker_killed_between_its_files_and_its_row_leaves_nothing(recipe):
    wanted = recipe()
    dead = cache.claim(wanted, "dead")
    left = cache.path_of(dead.id, dead.version, "mp3")
    storage().put(left, b"half", "audio/mpeg")
    change(lease="clock_timestamp() - interval '1 second'")
    made = obtain(wanted)
    assert not storage().exists(left)
    assert storage().exists(made.kept.path)


def test_a_maker_that_wakes_too_late_does_not_overwrite(recipe):
    wanted = recipe()
    late = cache.claim(wanted, "late")
    change(lease="clock_timestamp() - interval '1 second'")
    made = obtain(wanted)
    assert cache.keep(wanted, replace(made.kept, path="x"), "late") is False
    assert row_of(late.id).path == made.kept.path


def test_what_nobody_used_for_a_month_goes(recipe):
    old = obtain(recipe("Um texto antigo que ninguém usa.")).kept
    change(expires_at="now() - interval '1 minute'")
    fresh = obtain(recipe("Um texto de hoje, muito usado.")).kept
    assert eviction.evict() == 1
    assert row_of(old.id) is None
    assert find_media(old.media_id) is None
    assert not storage().exists(old.path)
    assert not storage().exists(old.voice_path)
    assert cache.find(recipe("Um texto de hoje, muito usado.").key) == fresh
    assert not obtain(recipe("Um texto antigo que ninguém usa.")).cached


def test_what_a_message_needs_stays(recipe):
    needed = obtain(recipe()).kept
    change(expires_at="now() - interval '1 minute'")
    before = keeping._askers.copy()
    keeping.ask("test", lambda media_ids: {needed.media_id} & set(media_ids))
    try:
        assert eviction.evict() == 0
    finally:
        keeping._askers.clear()
        keeping._askers.update(before)
    assert eviction.evict() == 1


def test_the_least_used_go_first_when_the_place_is_full(recipe, monkeypatch):
    texts = [f"Este é o texto de número {number} para ouvir." for number in ("um", "dois", "três")]
    made = [obtain(recipe(one)).kept for one in texts]
    cache.touch({made[0].id: 1})
    assert eviction.size() == sum(one.path_bytes + one.voice_bytes for one in made)
    assert eviction.shrink(eviction.size() - 10) == 1
    assert [row_of(one.id) is None for one in made] == [False, True, False]


def test_what_a_message_needs_stays_in_a_full_place_too(recipe):
    """The next one goes in its stead, although it was used later."""
    needed, other = obtain(recipe("Este áudio espera na fila.")).kept, obtain(recipe("Este já foi ouvido.")).kept
    before = keeping._askers.copy()
    keeping.ask("test", lambda media_ids: {needed.media_id} & set(media_ids))
    try:
        assert eviction.shrink(0) == 1
    finally:
        keeping._askers.clear()
        keeping._askers.update(before)
    assert [row_of(one.id) is None for one in (needed, other)] == [False, True]


def test_the_place_is_one_for_the_whole_server_and_who_takes_most_gives_first(
    recipe, company, outsider, owner_engine, monkeypatch
):
    """One company's three audios and another's one: the bound is for all four, and the small one keeps its own."""
    texts = [f"Este é o texto de número {number} para ouvir." for number in ("um", "dois", "três")]
    mine = [obtain(recipe(one)).kept for one in texts]
    release()
    with acting(system(outsider.tenant_id)):
        theirs = obtain(recipe(texts[0])).kept
        release()
    taken = sum(one.path_bytes + one.voice_bytes for one in (*mine, theirs))
    forget_others(owner_engine, company, outsider)
    monkeypatch.setattr(limits, "_limits", replace(limits.limits(), cache_mb=(taken - 10) / MB))
    evict()
    with acting(system(outsider.tenant_id)):
        assert row_of(theirs.id) is not None
        release()
    assert [row_of(one.id) is None for one in mine] == [True, False, False]


def forget_others(owner_engine, *ours) -> None:
    """What other tests' companies keep, some of it spared for ever, counts for nothing here."""
    sql = text("UPDATE tts_audio_cache SET path_bytes = 0, voice_bytes = 0 WHERE NOT tenant_id = ANY (:ours)")
    with owner_engine.begin() as connection:
        connection.execute(sql, {"ours": [one.tenant_id for one in ours]})


@pytest.mark.parametrize(
    ("sizes", "bound", "allowed"),
    [([], 10, 10), ([3, 4], 10, 10), ([2, 20], 10, 8), ([20, 20], 10, 5), ([1, 1, 100, 50], 32, 15), ([5], 0, 0)],
)
def test_a_place_is_shared_fairly(sizes, bound, allowed):
    assert share(sizes, bound) == allowed
    assert sum(min(size, allowed) for size in sizes) <= max(bound, 0)


def test_a_round_that_was_killed_is_finished_by_the_next(recipe):
    kept = obtain(recipe()).kept
    change(state="'wanted'", last_used="now() - interval '2 days'", created_at="now() - interval '2 days'")
    assert eviction.evict() == 1
    assert row_of(kept.id) is None
    assert not storage().exists(kept.path)


def test_in_a_bucket_it_is_the_same(recipe, monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        boto3.client("s3", region_name="us-east-1").create_bucket(Bucket="audios")
        monkeypatch.setattr(storages, "_store", make_storage("s3://audios/recado", None))
        made = obtain(recipe())
        assert storage().read(made.kept.voice_path).startswith(b"OggS")
        assert obtain(recipe()).cached
        storage().delete(made.kept.path)
        assert not obtain(recipe()).cached
        change(expires_at="now() - interval '1 minute'")
        assert eviction.evict() == 1
        assert not storage().exists(made.kept.voice_path)


MAKER = """
import sys, uuid
from app import create_app
from app.config import Config
from app.core.context import acting, system
from app.voice.queries.audios import find_audio
from app.voice.rules.recipes import Recipe
from app.voice.service import making, speaking
tenant, audio = map(uuid.UUID, sys.argv[1:])
def hang(*args):
    print("speaking", flush=True)
    sys.stdin.read()
with create_app(Config.from_env()).app_context(), acting(system(tenant)):
    recipe = Recipe.from_json(find_audio(audio).recipe)
    speaking.synthesise = hang
    making.obtain(recipe)
"""


def test_a_killed_worker_blocks_its_audio_for_a_lease_only(config, company, recipe, monkeypatch):
    wanted = recipe("Um trabalhador foi morto no meio deste áudio.")
    audio_id, _state = cache.want(wanted)
    release()
    env = {**os.environ, "DATABASE_URL": config.database_url, "REDIS_URL": config.redis_url, "SECRET_KEY": "x",
           "RECADO_DATA": str(config.data_dir), "TTS_LEASE_SECONDS": "2"}  # fmt: skip
    command = [sys.executable, "-c", MAKER, str(company.tenant_id), str(audio_id)]
    maker = subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert maker.stdout.readline().strip() == "speaking"
    os.kill(maker.pid, signal.SIGKILL)
    maker.wait()
    assert row_of(audio_id).state == "making"
    release()
    began = time.monotonic()
    made = obtain(wanted)
    assert made.kept.id == audio_id
    assert time.monotonic() - began < limits.limits().patience
