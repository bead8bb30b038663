"""What is sealed opens with its key and whole, or says why not."""

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.runtime.backups import sealing
from app.runtime.failure import Failure

KEY = "k" * 40


def sealed(content: bytes) -> bytes:
    target = io.BytesIO()
    assert sealing.seal(io.BytesIO(content), target, KEY) == len(target.getvalue())
    return target.getvalue()


def opened(data: bytes, key: str = KEY) -> bytes:
    return b"".join(sealing.unseal(io.BytesIO(data), key))


@pytest.mark.parametrize("size", [0, 1, 5, 15, 16, 17, 64])
def test_what_went_in_comes_out(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(sealing, "CHUNK", 16)
    content = bytes(range(size))
    assert opened(sealed(content)) == content
    assert content not in sealed(content) or size < 5


def test_another_key_is_told_from_a_damaged_file() -> None:
    with pytest.raises(Failure, match="wrong key"):
        opened(sealed(b"abc"), "q" * 40)
    with pytest.raises(Failure, match="missing or short"):
        opened(sealed(b"abc"), "")
    with pytest.raises(Failure, match="not a backup"):
        opened(b"PK\x03\x04 something else, long enough for a beginning")


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_cut_anywhere_it_never_passes_for_whole(data: st.DataObject) -> None:
    before, sealing.CHUNK = sealing.CHUNK, 16
    try:
        whole = sealed(bytes(range(50)))
        with pytest.raises(Failure):
            opened(whole[: data.draw(st.integers(0, len(whole) - 1))])
        at = data.draw(st.integers(0, len(whole) - 1))
        with pytest.raises(Failure):
            opened(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
    finally:
        sealing.CHUNK = before


def test_chunks_cannot_change_places(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "CHUNK", 16)
    whole = sealed(bytes(48))
    head, chunk = len(whole) % 36, 36  # 16 bytes, their tag and their length
    first, second = whole[head : head + chunk], whole[head + chunk : head + 2 * chunk]
    with pytest.raises(Failure, match="corrupt"):
        opened(whole[:head] + second + first + whole[head + 2 * chunk :])
