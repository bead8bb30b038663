"""Each audio once: real synthesis, real files, real rows."""

import threading
from collections import Counter

import pytest

from app.core.context import acting
from app.core.db import release
from app.core.storage import storage
from app.media.queries import find_media
from app.speech.audio import decode, is_silent
from app.voice.service import speaking
from app.voice.service.making import obtain


def test_a_text_becomes_an_mp3_and_a_voice_note(recipe):
    made = obtain(recipe())
    assert not made.cached
    assert made.billed == len("Olá, Maria, tudo bem?")
    mp3, note = decode(storage().read(made.kept.path)), decode(storage().read(made.kept.voice_path))
    assert not is_silent(mp3)
    assert not is_silent(note)
    assert abs(mp3.seconds - made.kept.duration) < 0.2
    media = find_media(made.kept.media_id)
    assert (media.kind, media.mime_type) == ("voice", "audio/ogg; codecs=opus")
    assert media.size == storage().size(media.storage_key) < 512 * 1024


def test_the_same_text_is_the_same_file(recipe):
    first, second = obtain(recipe()), obtain(recipe())
    assert second.cached
    assert second.kept == first.kept


def test_parts_are_joined_and_the_common_one_is_made_once(recipe, spoken_words):
    common = "sua fatura de cinquenta reais vence amanhã."
    for name in ("Ana", "Bia"):
        made = obtain(recipe(f"Olá {name},", common))
        assert made.kept.duration > 2
    assert spoken_words == {"Olá Ana,": 1, "Olá Bia,": 1, common: 1}


@pytest.fixture
def spoken_words(monkeypatch) -> Counter:
    """What providers were really asked for."""
    said: Counter = Counter()
    real, lock = speaking.synthesise, threading.Lock()

    def counted(one, words):
        with lock:
            said[words] += 1
        return real(one, words)

    monkeypatch.setattr(speaking, "synthesise", counted)
    return said


def test_fifty_at_once_are_one_synthesis(app, company, recipe, spoken_words):
    wanted = recipe("Cinquenta pessoas pedem este áudio ao mesmo tempo.")
    release()
    found, barrier = [], threading.Barrier(50)

    def ask():
        with app.app_context(), acting(company.system):
            barrier.wait()
            found.append(obtain(wanted).kept.id)
            release()

    threads = [threading.Thread(target=ask) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(spoken_words.values()) == 1
    assert len(found) == 50
    assert len(set(found)) == 1
