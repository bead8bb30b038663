"""eSpeak NG on this machine: no account, no network, Brazilian Portuguese."""

from collections.abc import Mapping
from functools import partial

from app.speech import ssml
from app.speech.audio import is_silent, shifted, stretched
from app.speech.normalise.dictionary import pronounced
from app.speech.port import Problem, Sound, SpeechError, Voice, VoiceSettings, outside
from app.speech.providers.calling import refused
from app.speech.providers.local.engine import Engine
from app.speech.providers.local.lexicon import PORTUGUESE
from app.speech.providers.local.voices import VOICES

WORDS_PER_MINUTE = 175
"""eSpeak's own pace; it takes 80 to 450, the rest is done on the sound."""
SLOWEST, FASTEST = 80, 450
LOWEST, HIGHEST = -6.0, 9.0
"""Semitones at the ends of eSpeak's scale of 0 to 100, measured; a little more or less by voice. 50 is as it is."""

_engine = Engine()


class Local:
    name = "local"
    max_characters = 10_000

    def __init__(self, credentials: Mapping[str, str] | None = None, endpoint: str = "") -> None:
        """Needs nothing; takes what every provider takes."""

    def voices(self, language: str | None = None) -> list[Voice]:
        wanted = (language or "").lower()
        return [voice for voice in VOICES if voice.language.lower().startswith(wanted)]

    def voice_class(self, voice_id: str) -> str:
        return "local"

    def problems(self, settings: VoiceSettings) -> list[Problem]:
        found = outside(settings)
        fields = {field for field, _ in found}
        if "voice_id" not in fields and not any(voice.id == settings.voice_id for voice in VOICES):
            found.append(("voice_id", "unknown"))
        return found + ssml.problems(settings.ssml, {"emphasis", "sentence_pause_ms"})

    def synthesise(self, text: str, settings: VoiceSettings) -> Sound:
        if found := self.problems(settings):
            raise refused(found)
        text = ssml.speakable(text, self.max_characters)
        if settings.voice_id.startswith("pt"):
            text = pronounced(text, PORTUGUESE)
        pitch = min(max(settings.pitch, LOWEST), HIGHEST)
        pace = min(max(settings.rate * WORDS_PER_MINUTE, SLOWEST), FASTEST)
        sound = _said(text, settings, round(pace), round(50 + pitch * 50 / (HIGHEST if pitch > 0 else -LOWEST)))
        if is_silent(sound):
            raise SpeechError("unspeakable", "the voice had nothing to say")
        if pitch != settings.pitch:
            sound = shifted(sound, settings.pitch - pitch)
        return stretched(sound, settings.rate * WORDS_PER_MINUTE / pace)


def _said(text: str, settings: VoiceSettings, pace: int, pitch: int) -> Sound:
    """Without its marks where the library dies of them (figures in Spanish with emphasis do that to it)."""
    speak = partial(_engine.speak, voice=settings.voice_id, words_per_minute=pace, pitch=pitch)
    if not any(settings.ssml.values()):
        return speak(text, is_ssml=False)
    try:
        return speak(f"<speak>{ssml.document(text, settings.ssml)}</speak>", is_ssml=True)
    except SpeechError as error:
        if error.code != "unspeakable":
            raise
        return speak(text, is_ssml=False)
