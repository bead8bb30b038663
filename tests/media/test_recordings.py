import io
import uuid

import av
import pytest
from sqlalchemy import select

from app.core.context import acting
from app.core.db import release, transaction
from app.core.errors import NotFound, TooLarge
from app.core.storage import storage
from app.media import queries, service
from app.media.models import Media
from app.media.service import sounds
from app.speech.audio import decode
from app.speech.audio.shaping import frame_of
from app.speech.port import Sound
from tests.media import samples
from tests.speech.sounds import voice


def recorded(sound: Sound | None = None, form: str = "webm") -> bytes:
    """As a browser's MediaRecorder writes it."""
    sound, out = sound or voice(2.0, 48_000), io.BytesIO()
    with av.open(out, "w", format=form) as container:
        stream = container.add_stream({"webm": "libopus", "mp4": "aac"}[form], rate=48_000, layout="mono")
        for start in range(0, len(sound.pcm), 1920):
            frame = frame_of(sound.pcm[start : start + 1920], 48_000)
            frame.pts = start // 2
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return out.getvalue()


def take(data: bytes, name: str = "gravação.webm") -> uuid.UUID:
    return service.take_recording(io.BytesIO(data), name).id


def read(media_id: uuid.UUID) -> Media:
    release()
    return queries.get_media(media_id)


@pytest.mark.parametrize("form", ["webm", "mp4"])
def test_a_recording_becomes_a_voice_note_under_the_same_id(as_admin, form):
    media_id = take(recorded(form=form), f"gravação.{form}")
    raw_key = read(media_id).storage_key
    assert read(media_id).kind == "recording"

    assert sounds.write_voice_note(media_id)
    media = read(media_id)
    assert (media.kind, media.mime_type, media.file_name) == ("voice", "audio/ogg", "gravação.ogg")
    assert media.seconds == pytest.approx(2, abs=0.2)
    assert len(media.peaks) == sounds.BARS
    assert max(media.peaks) == 100
    note = storage().read(media.storage_key)
    assert len(note) == media.size
    with av.open(io.BytesIO(note)) as opened:
        stream = opened.streams.audio[0]
        assert (opened.format.name, stream.codec_context.name, stream.codec_context.channels) == ("ogg", "opus", 1)
    assert decode(note).seconds == pytest.approx(2, abs=0.2)
    assert not storage().exists(raw_key)


def test_the_job_twice_changes_nothing(as_admin):
    media_id = take(recorded())
    assert sounds.write_voice_note(media_id)
    before = read(media_id).storage_key
    assert not sounds.write_voice_note(media_id)
    assert read(media_id).storage_key == before
    assert storage().exists(before)


def test_raw_bytes_that_another_file_shares_stay(as_admin):
    data = recorded()
    other = service.store_upload(io.BytesIO(data), "outra.webm").id
    media_id = take(data)
    assert sounds.write_voice_note(media_id)
    assert storage().read(read(other).storage_key) == data


@pytest.mark.parametrize(
    ("data", "code"),
    [(recorded()[:40], "unreadable"), (samples.PDF, "unreadable"), (b"\x1aE\xdf\xa3" + b"\x00" * 500, "unreadable")],
)
def test_what_is_no_sound_says_so(as_admin, client_for, data, code):
    media_id = take(data)
    assert not sounds.write_voice_note(media_id)
    media = read(media_id)
    assert (media.kind, media.error) == ("recording", code)
    answer = client_for().get(f"/media/recordings/{media_id}")
    assert answer.json["state"] == "failed"
    assert "grave de novo" in answer.json["message"].lower()


def test_a_recording_that_never_ends_is_refused(as_admin, monkeypatch):
    monkeypatch.setattr(sounds, "LONGEST", 1.0)
    data = recorded()
    media_id = take(data)
    assert not sounds.write_voice_note(media_id)
    assert read(media_id).error == "too_long"
    monkeypatch.undo()
    assert take(data) == media_id  # asked again: the same file has another chance
    assert sounds.write_voice_note(media_id)
    assert read(media_id).error is None


def test_a_recording_is_bounded_in_bytes(as_admin, monkeypatch):
    monkeypatch.setitem(service.recording.LIMITS, "audio", 1000)
    with pytest.raises(TooLarge):
        take(recorded())


def test_other_sounds_are_measured(as_admin):
    wave = io.BytesIO()
    with av.open(wave, "w", format="ogg") as container:
        stream = container.add_stream("libopus", rate=48_000, layout="mono")
        container.mux([*stream.encode(frame_of(voice(1.0, 48_000).pcm, 48_000)), *stream.encode(None)])
    media_id = service.store_upload(io.BytesIO(wave.getvalue()), "recado.ogg", "voice").id
    assert sounds.measure(media_id)
    assert read(media_id).seconds == pytest.approx(1, abs=0.1)
    assert not sounds.measure(media_id)
    broken = service.store_upload(io.BytesIO(samples.MP3), "a.mp3").id
    assert not sounds.measure(broken)
    assert read(broken).seconds is None


def test_the_page_records_and_asks_until_it_is_ready(client_for, company):
    page = client_for("agent")
    body = {"file": (io.BytesIO(recorded()), "gravação.webm")}
    answer = page.post("/media/recordings", data=body, headers={"X-CSRFToken": page.csrf_token()})
    assert answer.status_code == 202
    assert answer.json["state"] == "preparing"
    media_id = uuid.UUID(answer.json["id"])
    with acting(company.system):
        sounds.write_voice_note(media_id)
    assert page.get(f"/media/recordings/{media_id}").json == {"id": str(media_id), "state": "ready"}
    played = page.get(f"/media/{media_id}")
    assert played.mimetype == "audio/ogg"
    assert played.data.startswith(b"OggS")


def test_recording_needs_a_token_and_the_permission(client_for, client, outsider, company):
    viewer = client_for("viewer")
    body = {"file": (io.BytesIO(recorded()), "a.webm")}
    headers = {"X-CSRFToken": viewer.csrf_token()}
    assert viewer.post("/media/recordings", data=body, headers=headers).status_code == 403
    with acting(company.actor()):
        media_id = take(recorded())
    assert client_for("admin", outsider).get(f"/media/recordings/{media_id}").status_code == 404
    with acting(outsider.actor()), pytest.raises(NotFound):
        queries.get_media(media_id)


def test_files_of_another_company_stay_when_theirs_is_written(company, outsider):
    with acting(company.actor()):
        ours = take(recorded())
    with acting(outsider.actor()):
        theirs = take(recorded())
        assert sounds.write_voice_note(theirs)
    with acting(company.actor()), transaction() as session:
        assert storage().exists(session.scalar(select(Media.storage_key).where(Media.id == ours)))
