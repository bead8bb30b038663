"""Google's own client over REST: gRPC brings threads and forks of its own and gains nothing here."""

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import urlsplit

import requests
from google.api_core.exceptions import GoogleAPICallError, RetryError
from google.auth import api_key
from google.auth.credentials import Credentials
from google.auth.exceptions import GoogleAuthError, RefreshError, TransportError
from google.cloud import texttospeech as tts
from google.cloud.texttospeech_v1.services.text_to_speech.transports.rest import TextToSpeechRestTransport
from google.oauth2 import service_account
from google.protobuf.json_format import ParseError

from app.speech.port import ErrorCode, SpeechError, VoiceSettings
from app.speech.providers.calling import LISTING_SECONDS, SYNTHESIS_SECONDS, code_of, redacted

T = TypeVar("T")
HOST = "https://texttospeech.googleapis.com"
TOKEN_URI = "https://oauth2.googleapis.com/token"
SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)
SAMPLE_RATE = 24_000
_LONG = ("too long", "longer than", "exceeds the limit")
_VOICE = ("voice", "language", "does not support", "not supported")


class Client:
    def __init__(self, credentials: Mapping[str, str], endpoint: str = "") -> None:
        self._secrets = list(credentials.values())
        where = urlsplit(endpoint or HOST)
        transport = TextToSpeechRestTransport(
            host=where.netloc,
            url_scheme=where.scheme,
            credentials=_credentials(credentials, f"{endpoint}/token" if endpoint else TOKEN_URI),
        )
        self._tts = tts.TextToSpeechClient(transport=transport)

    def voices(self, language: str) -> list[tuple[str, str, str]]:
        """(name, language, gender)."""
        answer = self._call(lambda: self._tts.list_voices(language_code=language, retry=None, timeout=LISTING_SECONDS))
        return [
            (voice.name, voice.language_codes[0], tts.SsmlVoiceGender(voice.ssml_gender).name.lower())
            for voice in answer.voices
            if voice.language_codes
        ]

    def synthesise(self, said: str, is_marked: bool, language: str, settings: VoiceSettings) -> bytes:
        effects = settings.ssml.get("effects")
        answer = self._call(
            lambda: self._tts.synthesize_speech(
                input=tts.SynthesisInput(**({"ssml": said} if is_marked else {"text": said})),
                voice=tts.VoiceSelectionParams(language_code=language, name=settings.voice_id),
                audio_config=tts.AudioConfig(
                    audio_encoding=tts.AudioEncoding.LINEAR16,
                    sample_rate_hertz=SAMPLE_RATE,
                    speaking_rate=settings.rate,
                    pitch=settings.pitch,
                    effects_profile_id=[effects] if effects else [],
                ),
                retry=None,
                timeout=SYNTHESIS_SECONDS,
            )
        )
        return answer.audio_content

    def _call(self, call: Callable[[], T]) -> T:
        try:
            return call()
        except GoogleAPICallError as error:
            detail = redacted(error.message or error, self._secrets)
            raise SpeechError(_code(int(error.code or 500), detail), detail) from error
        except RefreshError as error:
            raise self._error("unavailable" if error.retryable else "credentials", error) from error
        except (requests.Timeout, RetryError) as error:
            raise self._error("timeout", error) from error
        except (TransportError, requests.RequestException) as error:
            raise self._error("unavailable", error) from error
        except ParseError as error:
            raise self._error("unavailable", error) from error
        except (GoogleAuthError, ValueError) as error:
            raise self._error("credentials", error) from error

    def _error(self, code: ErrorCode, error: Exception) -> SpeechError:
        return SpeechError(code, redacted(error, self._secrets))


def _credentials(given: Mapping[str, str], token_uri: str) -> Credentials:
    if key := given.get("api_key"):
        return api_key.Credentials(key)
    try:
        info: Any = json.loads(given.get("service_account", ""))
        # The address that is asked for tokens stands in the pasted file: ours instead, else it could be anybody's.
        return service_account.Credentials.from_service_account_info({**info, "token_uri": token_uri}, scopes=SCOPES)
    except (ValueError, TypeError, GoogleAuthError) as error:
        raise SpeechError("credentials", "the service account's JSON is not one of Google's key files") from error


def _code(status: int, detail: str) -> ErrorCode:
    """A wrong API key, a voice that does not exist and a sentence without end are all 400 at Google."""
    words = detail.lower()
    if status == 400 and "api key" in words:
        return "credentials"
    if status == 400 and "invalid ssml" in words:
        return "unspeakable"
    if status == 400 and any(part in words for part in _LONG):
        return "too_long"
    if status == 400 and any(part in words for part in _VOICE):
        return "unsupported"
    return code_of(status)
