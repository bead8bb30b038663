"""eSpeak NG in a process of its own.

The library keeps one global state and is C that reads strangers' text: the process serialises it, and takes the fall
for it. It lives as long as ours, costs a few megabytes, and is started again when it died or did not answer.
"""

import contextlib
import fcntl
import json
import os
import select
import signal
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import espeakng_loader

from app.speech.port import Sound, SpeechError
from app.speech.providers.local.speaker import BROKEN, LONG

START_SECONDS = 30.0
BASE_SECONDS, SECONDS_PER_CHARACTER = 30.0, 0.02
_HEADER = struct.Struct("<iI")
_CHUNK = 1 << 20
_SPEAKER = Path(__file__).with_name("speaker.py")


class Engine:
    def __init__(self, command: Callable[[], list[str]] | None = None) -> None:
        self._command = command or _command
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = 0

    def speak(self, text: str, *, voice: str, words_per_minute: int, pitch: int, is_ssml: bool) -> Sound:
        request = {"text": text, "voice": voice, "rate": words_per_minute, "pitch": pitch, "ssml": is_ssml}
        deadline = time.monotonic() + BASE_SECONDS + SECONDS_PER_CHARACTER * len(text)
        with self._lock:
            rate, pcm = self._exchange(json.dumps(request).encode(), deadline)
        if rate == BROKEN:
            raise SpeechError("unspeakable", "eSpeak NG ended on this text")
        if rate == LONG:
            raise SpeechError("too_long", "more than twenty minutes of sound")
        if rate <= 0:
            raise SpeechError("unavailable", "eSpeak NG refused the voice or the text", retryable=False)
        return Sound(pcm, rate)

    def close(self) -> None:
        with self._lock:
            self._end()

    def _exchange(self, request: bytes, deadline: float) -> tuple[int, bytes]:
        process = self._running()
        try:
            return _asked(process, request, deadline)
        except TimeoutError as error:
            self._end()
            raise SpeechError("timeout", "eSpeak NG did not answer", outage=False) from error
        except (EOFError, OSError) as error:
            self._end()
            raise SpeechError("unavailable", "eSpeak NG was ended from outside", outage=False) from error
        except BaseException:
            # Interrupted in the middle of an answer (a job's time limit): what is left in the pipe is nobody's.
            self._end()
            raise

    def _running(self) -> subprocess.Popen[bytes]:
        """After a fork the child process is our parent's, and its pipes are no longer ours to use."""
        if self._process is None or self._owner != os.getpid() or self._process.poll() is not None:
            self._process, self._owner = _started(self._command()), os.getpid()
        return self._process

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None or self._owner != os.getpid():
            return
        _kill(process)
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()


def _command() -> list[str]:
    """Python bare: no site-packages, no environment; up in twenty milliseconds."""
    library, data = espeakng_loader.get_library_path(), espeakng_loader.get_data_path()
    return [sys.executable, "-I", "-S", str(_SPEAKER), str(library), str(data)]


def _started(command: list[str]) -> subprocess.Popen[bytes]:
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            start_new_session=True,
        )
    except OSError as error:
        raise SpeechError("unavailable", f"eSpeak NG does not start: {error}", retryable=False) from error
    try:
        ready, _ = _answer(process, time.monotonic() + START_SECONDS)
    except (EOFError, OSError) as error:
        _kill(process)
        raise SpeechError("unavailable", "eSpeak NG does not start on this machine", retryable=False) from error
    assert ready > 0
    assert process.stdout is not None
    with contextlib.suppress(OSError, AttributeError):
        # Ten seconds of sound do not fit a pipe of 64 KB: less waiting for each other.
        fcntl.fcntl(process.stdout, fcntl.F_SETPIPE_SZ, _CHUNK)
    return process


def _kill(process: subprocess.Popen[bytes]) -> None:
    """With its fork, which may be the one that hangs."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _asked(process: subprocess.Popen[bytes], request: bytes, deadline: float) -> tuple[int, bytes]:
    assert process.stdin is not None
    process.stdin.write(struct.pack("<I", len(request)) + request)
    return _answer(process, deadline)


def _answer(process: subprocess.Popen[bytes], deadline: float) -> tuple[int, bytes]:
    rate, size = _HEADER.unpack(_read(process, _HEADER.size, deadline))
    return rate, _read(process, size, deadline)


def _read(process: subprocess.Popen[bytes], size: int, deadline: float) -> bytes:
    assert process.stdout is not None
    pipe, parts = process.stdout.fileno(), []
    while size:
        if not select.select([pipe], [], [], max(0.0, deadline - time.monotonic()))[0]:
            raise TimeoutError
        part = os.read(pipe, min(size, _CHUNK))
        if not part:
            raise EOFError
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
