"""Google Cloud Text-to-Speech.

Credentials: `service_account` (the JSON key file's content) or `api_key`. Voices are named "pt-BR-Wavenet-A".
"""

import re
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from app.speech import ssml
from app.speech.audio import AudioError, decode
from app.speech.port import Problem, Sound, SpeechError, Voice, VoiceSettings, outside
from app.speech.providers.calling import persistent, refused, required

if TYPE_CHECKING:
    from app.speech.providers.google.client import Client

RATES = (0.25, 2.0)
MAX_BYTES = 5000
"""Of the request's text, with its SSML."""
_VOICE = re.compile(r"([a-z]{2,3}-[A-Za-z]{2,4})-[\w-]{1,60}")
_CLASSES = ("chirp", "studio", "neural2", "wavenet", "polyglot", "standard")


class Google:
    name = "google"
    max_characters = 4500

    def __init__(self, credentials: Mapping[str, str], endpoint: str = "") -> None:
        self._credentials, self._endpoint = dict(credentials), endpoint
        if not credentials.get("api_key"):
            required(self._credentials, "service_account")

    @cached_property
    def _client(self) -> "Client":
        """Google's library costs a process fifty megabytes: loaded by whoever calls Google."""
        from app.speech.providers.google.client import Client

        return Client(self._credentials, self._endpoint)

    def voice_class(self, voice_id: str) -> str:
        return next((name for name in _CLASSES if name in voice_id.lower()), "studio")

    def voices(self, language: str | None = None) -> list[Voice]:
        found = persistent(lambda: self._client.voices(language or ""))
        return [
            Voice(name, name.removeprefix(f"{spoken}-").replace("-", " "), spoken, gender, self.voice_class(name))
            for name, spoken, gender in found
        ]

    def problems(self, settings: VoiceSettings) -> list[Problem]:
        found = outside(settings)
        fields = {field for field, _ in found}
        if "voice_id" not in fields and not _VOICE.fullmatch(settings.voice_id):
            found.append(("voice_id", "unknown"))
        if "rate" not in fields and not RATES[0] <= settings.rate <= RATES[1]:
            found.append(("rate", "out_of_range"))
        is_chirp = self.voice_class(settings.voice_id) == "chirp"
        if "pitch" not in fields and is_chirp and settings.pitch:
            found.append(("pitch", "unsupported"))
        able = set() if is_chirp else {"emphasis", "sentence_pause_ms", "effects"}
        return found + ssml.problems(settings.ssml, able)

    def synthesise(self, text: str, settings: VoiceSettings) -> Sound:
        if found := self.problems(settings):
            raise refused(found)
        text = ssml.speakable(text, self.max_characters)
        is_marked = bool(settings.ssml.get("emphasis") or settings.ssml.get("sentence_pause_ms"))
        said = f"<speak>{ssml.document(text, settings.ssml)}</speak>" if is_marked else text
        if len(said.encode()) > MAX_BYTES:
            raise SpeechError("too_long", f"{len(said.encode())} bytes, at most {MAX_BYTES}")
        language = _VOICE.fullmatch(settings.voice_id)
        assert language is not None
        audio = persistent(lambda: self._client.synthesise(said, is_marked, language.group(1), settings))
        try:
            return decode(audio)
        except AudioError as error:
            raise SpeechError("unspeakable", f"Google answered without sound: {error}") from error
