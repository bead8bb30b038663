"""Azure AI Speech, over its REST interface.

Credentials: `key` and `region`. Voices are named "pt-BR-FranciscaNeural".
"""

import json
import re
from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import quoteattr

import urllib3
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError, ReadTimeoutError

from app.speech import ssml
from app.speech.port import ErrorCode, Problem, Sound, SpeechError, Voice, VoiceSettings, outside
from app.speech.providers.calling import (
    CONNECT_SECONDS,
    LISTING_SECONDS,
    SYNTHESIS_SECONDS,
    code_of,
    persistent,
    redacted,
    refused,
    required,
)

SAMPLE_RATE = 24_000
FORMAT = "raw-24khz-16bit-mono-pcm"
RATES = (0.5, 2.0)
SEMITONES = (-12.0, 7.0)
"""Azure takes half to one and a half times the pitch."""
MAX_ANSWER = 64 * 1024 * 1024
_VOICE = re.compile(r"([a-z]{2,3}(?:-[A-Za-z]{2,8}){1,3})-[\w:-]{1,60}")
_REGION = re.compile(r"[a-z]{2,30}\d{0,2}")


class Azure:
    name = "azure"
    max_characters = 5000

    def __init__(self, credentials: Mapping[str, str], endpoint: str = "") -> None:
        self._credentials = dict(credentials)
        required(self._credentials, "key", "region")
        if not _REGION.fullmatch(self._credentials["region"]):
            raise SpeechError("credentials", "region: as in brazilsouth")
        if not re.fullmatch(r"[!-~]{8,500}", self._credentials["key"]):
            raise SpeechError("credentials", "key: not one of Azure's")
        self._base = endpoint or f"https://{self._credentials['region']}.tts.speech.microsoft.com"
        self._pool = urllib3.PoolManager(num_pools=2, maxsize=8, retries=False)

    def voice_class(self, voice_id: str) -> str:
        return "neural-hd" if "HD" in voice_id.rpartition(":")[2] else "neural"

    def voices(self, language: str | None = None) -> list[Voice]:
        wanted = (language or "").lower()
        raw = persistent(lambda: self._call("GET", "/cognitiveservices/voices/list", LISTING_SECONDS))
        try:
            listed = [self._voice(found) for found in json.loads(raw)]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise SpeechError("unavailable", "Azure's list of voices cannot be read") from error
        return [voice for voice in listed if voice.language.lower().startswith(wanted)]

    def _voice(self, found: dict[str, Any]) -> Voice:
        name = found["ShortName"]
        shown = found.get("LocalName") or found["DisplayName"]
        return Voice(name, shown, found["Locale"], found["Gender"].lower(), self.voice_class(name))

    def problems(self, settings: VoiceSettings) -> list[Problem]:
        found = outside(settings)
        fields = {field for field, _ in found}
        if "voice_id" not in fields and not _VOICE.fullmatch(settings.voice_id):
            found.append(("voice_id", "unknown"))
        if "rate" not in fields and not RATES[0] <= settings.rate <= RATES[1]:
            found.append(("rate", "out_of_range"))
        if "pitch" not in fields and not SEMITONES[0] <= settings.pitch <= SEMITONES[1]:
            found.append(("pitch", "out_of_range"))
        return found + ssml.problems(settings.ssml, {"sentence_pause_ms", "style"})

    def synthesise(self, text: str, settings: VoiceSettings) -> Sound:
        if found := self.problems(settings):
            raise refused(found)
        said = _document(ssml.speakable(text, self.max_characters), settings)
        pcm = persistent(lambda: self._call("POST", "/cognitiveservices/v1", SYNTHESIS_SECONDS, said.encode()))
        if len(pcm) < 2:
            raise SpeechError("unspeakable", "Azure answered without sound")
        return Sound(pcm[: len(pcm) // 2 * 2], SAMPLE_RATE)

    def _call(self, method: str, path: str, seconds: float, body: bytes | None = None) -> bytes:
        headers = {"Ocp-Apim-Subscription-Key": self._credentials["key"], "User-Agent": "Recado"}
        if body is not None:
            headers |= {"Content-Type": "application/ssml+xml", "X-Microsoft-OutputFormat": FORMAT}
        timeout = urllib3.Timeout(connect=CONNECT_SECONDS, read=seconds)
        try:
            with self._pool.request(
                method, self._base + path, body=body, headers=headers, timeout=timeout,
                redirect=False, preload_content=False,
            ) as answer:  # fmt: skip
                raw = answer.read(MAX_ANSWER)
                status, reason = answer.status, answer.reason or ""
        except NewConnectionError as error:
            raise self._error("unavailable", error) from error
        except (ConnectTimeoutError, ReadTimeoutError) as error:
            raise self._error("timeout", error) from error
        except (HTTPError, OSError) as error:
            raise self._error("unavailable", error) from error
        if status != 200:
            raise self._error(code_of(status), f"{status} {reason} {raw[:500].decode(errors='replace')}")
        return raw

    def _error(self, code: ErrorCode, detail: object) -> SpeechError:
        return SpeechError(code, redacted(detail, (self._credentials["key"],)))


def _document(text: str, settings: VoiceSettings) -> str:
    matched = _VOICE.fullmatch(settings.voice_id)
    assert matched is not None
    body = ssml.document(text, settings.ssml, _prosody(settings))
    if style := settings.ssml.get("style"):
        body = f"<mstts:express-as style={quoteattr(str(style))}>{body}</mstts:express-as>"
    return (
        '<speak version="1.0" xmlns="http://www.w3.org/2001/10/synthesis" '
        f'xmlns:mstts="https://www.w3.org/2001/mstts" xml:lang={quoteattr(matched.group(1))}>'
        f"<voice name={quoteattr(settings.voice_id)}>{body}</voice></speak>"
    )


def _prosody(settings: VoiceSettings) -> dict[str, str]:
    found = {}
    if settings.rate != 1:
        found["rate"] = f"{settings.rate:g}"
    if settings.pitch:
        found["pitch"] = f"{settings.pitch:+g}st"
    return found
