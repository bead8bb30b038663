"""Amazon Polly.

Credentials: `access_key_id`, `secret_access_key`, `region`. A voice is known with its engine: "Camila:neural".
"""

import re
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    HTTPClientError,
    ParamValidationError,
    ReadTimeoutError,
)

from app.speech import ssml
from app.speech.port import ErrorCode, Problem, Sound, SpeechError, Voice, VoiceSettings, outside
from app.speech.providers.calling import (
    CONNECT_SECONDS,
    SYNTHESIS_SECONDS,
    code_of,
    persistent,
    redacted,
    refused,
    required,
)

T = TypeVar("T")
SAMPLE_RATE = 16_000
"""The most that Polly gives as plain samples; WhatsApp's voice notes carry no more."""
RATES = (0.2, 2.0)
SEMITONES = 7.0
"""Polly takes −33 % to +50 %."""
ENGINES = ("standard", "neural", "long-form", "generative")
_VOICE = re.compile(rf"([A-Z][A-Za-z]{{1,30}}):({'|'.join(ENGINES)})")
_REGION = re.compile(r"[a-z]{2}(?:-[a-z]+){1,3}-\d")
_CODES: dict[str, ErrorCode] = {
    "TextLengthExceededException": "too_long",
    "InvalidSsmlException": "unspeakable",
    "EngineNotSupportedException": "unsupported",
    "LanguageNotSupportedException": "unsupported",
    "ValidationException": "unsupported",
    "AccessDeniedException": "credentials",
    "UnrecognizedClientException": "credentials",
    "InvalidSignatureException": "credentials",
    "SignatureDoesNotMatch": "credentials",
    "IncompleteSignature": "credentials",
    "InvalidClientTokenId": "credentials",
    "MissingAuthenticationToken": "credentials",
    "ExpiredTokenException": "credentials",
    "OptInRequired": "credentials",
    "SubscriptionRequiredException": "credentials",
    "ThrottlingException": "quota",
    "TooManyRequestsException": "quota",
    "LimitExceededException": "quota",
    "ServiceQuotaExceededException": "quota",
    "ServiceFailureException": "unavailable",
    "ServiceUnavailable": "unavailable",
}


class Amazon:
    name = "amazon"
    max_characters = 3000

    def __init__(self, credentials: Mapping[str, str], endpoint: str = "") -> None:
        self._credentials, self._endpoint = dict(credentials), endpoint
        # Missing ones would make boto3 look for this machine's own.
        required(self._credentials, "access_key_id", "secret_access_key", "region")
        if not _REGION.fullmatch(self._credentials["region"]):
            raise SpeechError("credentials", "region: as in us-east-1")

    @cached_property
    def _polly(self) -> Any:
        return boto3.session.Session().client(
            "polly",
            region_name=self._credentials["region"],
            aws_access_key_id=self._credentials["access_key_id"],
            aws_secret_access_key=self._credentials["secret_access_key"],
            endpoint_url=self._endpoint or None,
            config=Config(
                connect_timeout=CONNECT_SECONDS, read_timeout=SYNTHESIS_SECONDS, retries={"total_max_attempts": 1}
            ),
        )

    def voice_class(self, voice_id: str) -> str:
        return voice_id.partition(":")[2] or "standard"

    def voices(self, language: str | None = None) -> list[Voice]:
        wanted = (language or "").lower()
        return [
            Voice(f"{found['Id']}:{engine}", found["Name"], found["LanguageCode"], found["Gender"].lower(), engine)
            for found in self._described()
            if found["LanguageCode"].lower().startswith(wanted)
            for engine in found["SupportedEngines"]
        ]

    def _described(self) -> list[dict[str, Any]]:
        answer = self._page("")
        found = list(answer["Voices"])
        while token := answer.get("NextToken"):
            answer = self._page(token)
            found += answer["Voices"]
        return found

    def _page(self, token: str) -> Any:
        more = {"NextToken": token} if token else {}
        return persistent(lambda: self._call(lambda: self._polly.describe_voices(**more)))

    def problems(self, settings: VoiceSettings) -> list[Problem]:
        found = outside(settings)
        fields = {field for field, _ in found}
        if "voice_id" not in fields and not _VOICE.fullmatch(settings.voice_id):
            found.append(("voice_id", "unknown"))
        if "rate" not in fields and not RATES[0] <= settings.rate <= RATES[1]:
            found.append(("rate", "out_of_range"))
        is_standard = self.voice_class(settings.voice_id) == "standard"
        if "pitch" not in fields and settings.pitch and not is_standard:
            found.append(("pitch", "unsupported"))
        elif "pitch" not in fields and abs(settings.pitch) > SEMITONES:
            found.append(("pitch", "out_of_range"))
        able = {"emphasis", "sentence_pause_ms"} if is_standard else {"sentence_pause_ms"}
        return found + ssml.problems(settings.ssml, able)

    def synthesise(self, text: str, settings: VoiceSettings) -> Sound:
        if found := self.problems(settings):
            raise refused(found)
        text = ssml.speakable(text, self.max_characters)
        voice, _, engine = settings.voice_id.partition(":")
        prosody = _prosody(settings)
        is_marked = bool(prosody or any(settings.ssml.values()))
        said = f"<speak>{ssml.document(text, settings.ssml, prosody)}</speak>" if is_marked else text
        request = {
            "Engine": engine,
            "OutputFormat": "pcm",
            "SampleRate": str(SAMPLE_RATE),
            "Text": said,
            "TextType": "ssml" if is_marked else "text",
            "VoiceId": voice,
        }
        pcm = persistent(lambda: self._call(lambda: self._polly.synthesize_speech(**request)["AudioStream"].read()))
        if len(pcm) < 2:
            raise SpeechError("unspeakable", "Polly answered without sound")
        return Sound(pcm[: len(pcm) // 2 * 2], SAMPLE_RATE)

    def _call(self, call: Callable[[], T]) -> T:
        try:
            return call()
        except ClientError as error:
            raise self._error(_code(error.response), error) from error
        except (ConnectTimeoutError, ReadTimeoutError) as error:
            raise self._error("timeout", error) from error
        except ParamValidationError as error:
            raise self._error("unsupported", error) from error
        except HTTPClientError as error:
            raise self._error("unavailable", error) from error
        except BotoCoreError as error:
            raise self._error("unavailable", error) from error

    def _error(self, code: ErrorCode, error: Exception) -> SpeechError:
        secrets = (self._credentials["access_key_id"], self._credentials["secret_access_key"])
        return SpeechError(code, redacted(error, secrets))


def _prosody(settings: VoiceSettings) -> dict[str, str]:
    found = {}
    if settings.rate != 1:
        found["rate"] = f"{settings.rate * 100:.0f}%"
    if settings.pitch:
        found["pitch"] = f"{(2 ** (settings.pitch / 12) - 1) * 100:+.1f}%"
    return found


def _code(response: Any) -> ErrorCode:
    status = int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500))
    return _CODES.get(response.get("Error", {}).get("Code", ""), code_of(status))
