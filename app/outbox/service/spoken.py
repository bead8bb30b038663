"""Messages that are spoken: held until their audio is ready, so that no sender ever waits for one.

A held row is in the queue and in every count, but no claim takes it; it stands behind those that are ready.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import text

from app.core.context import current_actor
from app.core.db import release, transaction
from app.core.facts import notify
from app.messages import metrics
from app.messages.models import Message
from app.outbox.service.queueing import wake
from app.outbox.service.results import announce
from app.voice.queries.audios import find_audio
from app.voice.rules.recipes import Recipe
from app.voice.service import cache, money
from app.voice.service.trouble import Trouble

HOLD = "voice"

# Per number: as many as are missing to have `ahead` of them ready, in the order in which they will go.
_NEXT = text("""
    SELECT x.message_id, m.body, m.contact_id FROM send_lanes l
    CROSS JOIN LATERAL (SELECT count(*) AS ready FROM (SELECT FROM outbox o WHERE o.campaign_id = l.campaign_id
        AND o.instance_id = l.instance_id AND o.state = 'queued' AND o.held IS NULL LIMIT :ahead) r) r
    CROSS JOIN LATERAL (SELECT o.message_id, row_number() OVER (ORDER BY o.send_after, o.message_id) AS turn
        FROM outbox o WHERE o.campaign_id = l.campaign_id AND o.instance_id = l.instance_id AND o.state = 'queued'
            AND o.held = 'voice'
        ORDER BY o.send_after, o.message_id LIMIT least(:chunk, :ahead - r.ready)) x
    JOIN messages m ON m.id = x.message_id
    WHERE l.campaign_id = :campaign AND l.is_open ORDER BY x.turn, x.message_id LIMIT :chunk
""")
_RELEASE = text("""
    WITH v AS (
        SELECT * FROM unnest(cast(:messages AS uuid[]), cast(:media AS uuid[])) AS t(message_id, media_id)
    ), mine AS (
        SELECT o.message_id FROM outbox o JOIN v USING (message_id) WHERE o.held = 'voice'
        ORDER BY o.message_id FOR UPDATE OF o
    ), free AS (
        UPDATE outbox o SET held = NULL FROM mine WHERE o.message_id = mine.message_id RETURNING o.message_id
    )
    UPDATE messages m SET media_id = v.media_id FROM v JOIN free USING (message_id) WHERE m.id = v.message_id
    RETURNING m.id
""")
_FAIL = text("""
    WITH v AS (
        SELECT * FROM unnest(cast(:messages AS uuid[]), cast(:codes AS text[]), cast(:details AS text[]))
            AS t(message_id, code, detail)
    ), gone AS (
        DELETE FROM outbox WHERE message_id IN (SELECT o.message_id FROM outbox o JOIN v USING (message_id)
            WHERE o.held = 'voice' AND o.state = 'queued' ORDER BY o.message_id FOR UPDATE OF o)
        RETURNING message_id, tenant_id
    ), noted AS (
        INSERT INTO message_events (id, tenant_id, message_id, status, code, details)
        SELECT uuid7(), gone.tenant_id, gone.message_id, 'failed', v.code, jsonb_build_object('detail', v.detail)
        FROM gone JOIN v USING (message_id)
    )
    UPDATE messages m SET status = 'failed', error_code = v.code, error_message = v.detail,
        failed_at = clock_timestamp()
    FROM v JOIN gone USING (message_id) WHERE m.id = v.message_id AND status_rank(m.status) < 3
    RETURNING m.id, m.status, m.campaign_id, m.ticket_id, m.instance_id
""")
# From the queue to the few messages in it, never the other way round; and whatever a conversation shows.
_NEEDED = text("""
    SELECT m.media_id FROM outbox o
    CROSS JOIN LATERAL (SELECT x.media_id FROM messages x WHERE x.id = o.message_id OFFSET 0) m
    WHERE o.tenant_id = :tenant AND m.media_id = ANY (cast(:media AS uuid[]))
    UNION SELECT m.media_id FROM messages m
    WHERE m.tenant_id = :tenant AND m.campaign_id IS NULL AND m.media_id = ANY (cast(:media AS uuid[]))
""")
_SINGLE = text("""
    SELECT m.metadata ->> 'audio_id' AS audio_id FROM outbox o JOIN messages m ON m.id = o.message_id
    WHERE o.message_id = :message AND o.held = 'voice' AND o.state = 'queued' AND o.campaign_id IS NULL
""")
_LEFT_BEHIND = text("""
    SELECT o.message_id FROM outbox o WHERE o.held = 'voice' AND o.state = 'queued' AND o.campaign_id IS NULL
      AND o.tenant_id = :tenant AND o.send_after < clock_timestamp() - interval '20 seconds'
    ORDER BY o.message_id LIMIT 200
""")


@dataclass(frozen=True)
class Unspoken:
    message_id: uuid.UUID
    text: str


def hold_of(message: Message) -> str | None:
    """A voice note of ours passes by the makers again: its file may have gone meanwhile."""
    return HOLD if message.type == "voice" and (message.campaign_id or message.details.get("audio_id")) else None


def next_unspoken(campaign_id: uuid.UUID, ahead: int, chunk: int) -> list[Unspoken]:
    """The next texts to speak, at most `chunk`; none when `ahead` of each open number are ready, or none is open."""
    with transaction() as session:
        rows = session.execute(_NEXT, {"campaign": campaign_id, "ahead": ahead, "chunk": chunk})
        return [Unspoken(row.message_id, row.body) for row in rows]


def release_spoken(audios: Mapping[uuid.UUID, uuid.UUID]) -> int:
    """message → its voice note: these may go. How many still waited for it."""
    if not audios:
        return 0
    with transaction() as session:
        values = {"messages": [str(one) for one in audios], "media": [str(one) for one in audios.values()]}
        count = len(session.execute(_RELEASE, values).all())
        wake()
    return count


def fail_spoken(campaign_id: uuid.UUID | None, troubles: Mapping[uuid.UUID, tuple[str, str]]) -> int:
    """message → (code, detail): nobody can speak these texts; the campaign goes on. No number is to blame, so no
    brake counts them."""
    if not troubles:
        return 0
    with transaction() as session:
        values = {
            "messages": [str(one) for one in troubles],
            "codes": [code for code, _detail in troubles.values()],
            "details": [detail[:500] for _code, detail in troubles.values()],
        }
        rows = session.execute(_FAIL, values).all()
        for instance_id in {row.instance_id for row in rows}:
            metrics.add(instance_id, failed=sum(row.instance_id == instance_id for row in rows))
        announce(rows)
        if campaign_id:
            notify("campaign.progress", campaign_id=campaign_id)
    return len(rows)


def spoken_in_queue(media_ids: Sequence[uuid.UUID]) -> set[uuid.UUID]:
    """Which of these files a message of the queue, or somebody who reads a conversation, still needs."""
    with transaction() as session:
        scope = {"tenant": current_actor().tenant_id, "media": [str(one) for one in media_ids]}
        return set(session.scalars(_NEEDED, scope))


def waiting_audio(message_id: uuid.UUID) -> uuid.UUID | None:
    """The audio that this message outside any campaign waits for."""
    with transaction() as session:
        found = session.scalar(_SINGLE, {"message": message_id})
    return uuid.UUID(found) if found else None


def left_behind() -> list[uuid.UUID]:
    """Messages whose job was lost: the sweep speaks them."""
    with transaction() as session:
        return list(session.scalars(_LEFT_BEHIND, {"tenant": current_actor().tenant_id}))


def speak(message_id: uuid.UUID) -> bool:
    """Make the audio of one message and let it go; in workers only. Trouble that may pass raises and is swept again."""
    from app.voice.service.making import obtain  # the libraries of sound cost a process 60 MB; most need none of it

    audio_id = waiting_audio(message_id)
    if audio_id is None:
        return False
    audio = find_audio(audio_id)
    if audio is None:
        return bool(fail_spoken(None, {message_id: ("voice_broken", "")}))
    recipe = Recipe.from_json(audio.recipe)
    release()
    try:
        made = obtain(recipe)
    except Trouble as trouble:
        if trouble.is_the_texts or trouble.needs_a_person:
            fail_spoken(None, {message_id: (f"voice_{trouble.code}", trouble.detail)})
        return False
    with transaction():
        present = cache.touch(dict.fromkeys((made.kept.id, *made.parts), 1))
        money.record([made.use()])
        if made.kept.id in present and made.kept.media_id:
            release_spoken({message_id: made.kept.media_id})
    return True
