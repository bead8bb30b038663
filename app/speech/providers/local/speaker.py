"""The process around libespeak-ng. Run as a file, standard library only: speaker.py LIBRARY DATA

In: length, JSON {text, voice, rate, pitch, ssml}. Out: sample rate, length, samples; first of all a greeting with the
rate and nothing. Instead of a rate REFUSED (the voice or the text), BROKEN (the library died of it) or LONG
(twenty minutes did not do).

Each request is answered by a fork of the prepared process. The library carries its oscillators from one text into the
next, so only a fresh one makes the same sound of the same text; and what crashes or leaks is gone with the fork.
"""

import ctypes
import json
import os
import resource
import signal
import struct
import sys

SYNCHRONOUS, DO_NOT_EXIT = 2, 0x8000
RATE, PITCH = 1, 3
UTF8, SSML, END_PAUSE = 0x1, 0x10, 0x1000
BY_CHARACTER = 1
REFUSED, BROKEN, LONG = -1, -2, -3
MOST_SECONDS = 20 * 60
CPU_SECONDS, MEMORY = 120, 2 << 30
HEADER = struct.Struct("<iI")

Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


class Speaker:
    def __init__(self, library: str, data: str) -> None:
        self.lib = ctypes.CDLL(library)
        self.lib.espeak_Synth.argtypes = [
            ctypes.c_char_p,
            ctypes.c_size_t,
            ctypes.c_uint,
            ctypes.c_int,
            ctypes.c_uint,
            ctypes.c_uint,
            ctypes.c_void_p,
            ctypes.c_void_p,
        ]
        self.rate = self.lib.espeak_Initialize(SYNCHRONOUS, 0, data.encode(), DO_NOT_EXIT)
        self.parts: list[bytes] = []
        self.left = 0
        # Kept: the library holds on to the address only.
        self.callback = Callback(self.take)
        self.lib.espeak_SetSynthCallback(self.callback)

    def take(self, samples: "ctypes._Pointer[ctypes.c_short]", count: int, events: object) -> int:
        if samples and count > 0:
            self.parts.append(ctypes.string_at(samples, count * 2))
            self.left -= count
        return int(self.left < 0)  # 1 stops it

    def speak(self, text: str, voice: str, rate: int, pitch: int, ssml: bool) -> "bytes | None":
        self.parts, self.left = [], MOST_SECONDS * self.rate
        self.lib.espeak_ng_SetRandSeed(1)
        if self.lib.espeak_SetVoiceByName(voice.encode()):
            return None
        self.lib.espeak_SetParameter(RATE, rate, 0)
        self.lib.espeak_SetParameter(PITCH, pitch, 0)
        raw = text.encode("utf-8", "ignore")
        flags = UTF8 | END_PAUSE | (SSML if ssml else 0)
        if self.lib.espeak_Synth(raw, len(raw) + 1, 0, BY_CHARACTER, 0, flags, None, None):
            return None
        return b"".join(self.parts)


def main() -> None:
    # The worker decides when to stop; a Ctrl+C in its terminal is not ours.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    speaker = Speaker(*sys.argv[1:3])
    if speaker.rate <= 0:
        sys.exit(1)
    put(speaker.rate, b"")
    while header := sys.stdin.buffer.read(4):
        (size,) = struct.unpack("<I", header)
        request = json.loads(sys.stdin.buffer.read(size))
        child = os.fork()
        if not child:
            answer(speaker, request)
        if os.waitpid(child, 0)[1]:
            put(BROKEN, b"")


def answer(speaker: Speaker, request: dict) -> None:
    """In the fork; does not come back. Writes nothing before everything is there."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        pcm = speaker.speak(**request)
    except BaseException:
        os._exit(1)
    if speaker.left < 0:
        put(LONG, b"")
    else:
        put(REFUSED if pcm is None else speaker.rate, pcm or b"")
    os._exit(0)


def put(rate: int, pcm: bytes) -> None:
    left = memoryview(HEADER.pack(rate, len(pcm)) + pcm)
    while left:
        left = left[os.write(1, left) :]


if __name__ == "__main__":
    main()
