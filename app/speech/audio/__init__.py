"""Sound in and out, by PyAV: reading any file, evening, joining, MP3 and WhatsApp's voice note."""

from app.speech.audio.errors import AudioError
from app.speech.audio.joining import join
from app.speech.audio.reading import decode, duration
from app.speech.audio.shaping import is_silent, peaks, resample, tidy
from app.speech.audio.tempo import shifted, stretched
from app.speech.audio.writing import VOICE_NOTE_LIMIT, VOICE_NOTE_MIME, encode_mp3, encode_voice_note

__all__ = [
    "VOICE_NOTE_LIMIT",
    "VOICE_NOTE_MIME",
    "AudioError",
    "decode",
    "duration",
    "encode_mp3",
    "encode_voice_note",
    "is_silent",
    "join",
    "peaks",
    "resample",
    "shifted",
    "stretched",
    "tidy",
]
