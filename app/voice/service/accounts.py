"""Credentials of the providers, the test of them, and the lists of voices. The web asks, jobs call the providers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import orjson
from flask_babel import gettext as _
from sqlalchemy import text

from app.core import clock, crypto
from app.core.audit import audit
from app.core.background import enqueue
from app.core.context import current_actor
from app.core.db import release, transaction
from app.core.errors import Invalid
from app.core.facts import emit
from app.core.permissions import require
from app.speech.port import SpeechError
from app.voice.models import VoiceAccount
from app.voice.queries import configs as queries
from app.voice.service import speaking
from app.voice.service.trouble import Trouble

MOST_SECRET = 20_000
LIST_LASTS = timedelta(days=7)
_STATE = text("""
    INSERT INTO tts_accounts (tenant_id, provider, state, problem, tested_at, updated_at)
    VALUES (:tenant, :provider, :state, :problem, :at, now()) ON CONFLICT (tenant_id, provider) DO UPDATE SET
        state = excluded.state, problem = excluded.problem,
        tested_at = coalesce(excluded.tested_at, tts_accounts.tested_at)
""")
_LIST = text("""
    INSERT INTO tts_voices (tenant_id, provider, language, voices, problem, fetched_at)
    VALUES (:tenant, :provider, :language, cast(:voices AS jsonb), :problem, :at)
    ON CONFLICT (tenant_id, provider, language) DO UPDATE SET problem = excluded.problem,
        fetched_at = excluded.fetched_at,
        voices = CASE WHEN excluded.problem IS NULL THEN excluded.voices ELSE tts_voices.voices END
""")


def save_account(provider: str, given: Mapping[str, str]) -> VoiceAccount:
    """Encrypted; a test of them starts at once. Empty fields remove the account's own credentials."""
    require("settings.manage")
    values = {key: value.strip() for key, value in given.items() if value and value.strip()}
    if provider not in queries.PROVIDERS:
        raise Invalid.field("provider", _("Escolha um provedor."))
    if sum(map(len, values.values())) > MOST_SECRET:
        raise Invalid.field("credentials", _("As credenciais são longas demais; confira o que foi colado."))
    with transaction() as session:
        tenant = current_actor().tenant_id
        account = session.get(VoiceAccount, (tenant, provider), with_for_update=True) or VoiceAccount(
            tenant_id=tenant, provider=provider
        )
        account.credentials = crypto.seal(values) if values else None
        session.add(account)
        audit("voice.account", "tts_account", None, {"provider": provider, "fields": sorted(values)})
        emit("voice.account_changed", provider=provider)
        test_account(provider)
    return account


def test_account(provider: str) -> None:
    """A job asks the provider for its voices; the page shows what it said."""
    require("voice.manage")
    if provider not in queries.PROVIDERS:
        raise Invalid.field("provider", _("Escolha um provedor."))
    with transaction():
        _note(provider, "testing")
        enqueue("voice.test", tenant_id=current_actor().tenant_id, provider=provider, language="pt-BR")


def _note(provider: str, state: str, problem: str | None = None) -> None:
    at = clock.now() if state in ("ok", "failed") else None
    with transaction() as session:
        scope = {"tenant": current_actor().tenant_id, "provider": provider}
        session.execute(_STATE, scope | {"state": state, "problem": problem, "at": at})


def note_refused(provider: str, detail: str) -> None:
    """Found out while an audio was made: the page of voices says so from now on, until a test does better."""
    _note(provider, "failed", f"credentials: {detail}"[:500])


def run_test(provider: str, language: str) -> None:
    """In the job: what the provider answers, into the account and the list of voices."""
    try:
        count = fetch_voices(provider, language)
    except Trouble as trouble:
        _note(provider, "failed", f"{trouble.code}: {trouble.detail}"[:500])
    else:
        _note(provider, "ok", None if count else "no_voices")


def fetch_voices(provider: str, language: str) -> int:
    """Ask the provider, with no connection held. Raises Trouble, which the list keeps too."""
    voices: list[dict[str, Any]] = []
    try:
        client = speaking.client(provider)
        release()
        voices = [_plain(voice) for voice in client.voices(language)]
    except SpeechError as error:
        _save_list(provider, language, [], error.code)
        raise Trouble(error.code, error.detail, is_outage=error.outage) from error
    except Trouble as trouble:
        _save_list(provider, language, [], trouble.code)
        raise
    _save_list(provider, language, voices, None)
    return len(voices)


def _plain(voice: Any) -> dict[str, Any]:
    return {name: getattr(voice, name) for name in ("id", "name", "language", "gender", "voice_class")}


def _save_list(provider: str, language: str, voices: list[dict[str, Any]], problem: str | None) -> None:
    with transaction() as session:
        scope = {"tenant": current_actor().tenant_id, "provider": provider, "language": language}
        session.execute(_LIST, scope | {"voices": orjson.dumps(voices).decode(), "problem": problem, "at": clock.now()})


def voices_of(provider: str, language: str) -> tuple[list[dict[str, Any]], str]:
    """What is known, and `ready`, `fetching` or the code of a trouble. An old list is served while a job renews it."""
    known = queries.find_voices(provider, language)
    is_old = known is None or known.fetched_at is None or known.fetched_at < clock.now() - LIST_LASTS
    if is_old:
        enqueue("voice.voices", tenant_id=current_actor().tenant_id, provider=provider, language=language)
    if known is None:
        return [], "fetching"
    return list(known.voices), known.problem or "ready"
