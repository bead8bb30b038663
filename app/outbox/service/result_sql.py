"""The statements of step 4. Each says what it changed, so that a second run counts nothing twice."""

from sqlalchemy import text

# References first, in one order for every process: receipts take them in the same.
ACCEPT = text("""
    WITH v AS (
        SELECT * FROM unnest(cast(:messages AS uuid[]), cast(:instances AS uuid[]), cast(:externals AS text[]),
            cast(:attempts AS int[]), cast(:times AS timestamptz[]))
        AS t(message_id, instance_id, external_id, attempt, at)
    ), refs AS (
        INSERT INTO external_refs AS r (instance_id, external_id, tenant_id, message_id, best_status)
        SELECT instance_id, external_id, :tenant, message_id, 'sent' FROM v
        ON CONFLICT (instance_id, external_id) DO UPDATE SET message_id = coalesce(r.message_id, excluded.message_id),
            best_status = CASE WHEN status_rank(coalesce(r.best_status, '')) > 3 THEN r.best_status ELSE 'sent' END,
            echo = NULL
        RETURNING r.external_id, r.instance_id, r.best_status, r.acked_at, r.delivered_at, r.read_at, r.played_at,
            r.failed_at
    ), old AS (
        SELECT m.id, m.status, m.external_id, m.delivered_at, m.read_at
        FROM messages m JOIN v ON v.message_id = m.id ORDER BY m.id FOR UPDATE OF m
    ), changed AS (
        UPDATE messages m SET
            status = CASE WHEN status_rank(refs.best_status) > status_rank(m.status) THEN refs.best_status
                WHEN m.status = 'failed' AND old.external_id IS DISTINCT FROM v.external_id THEN refs.best_status
                ELSE m.status END,
            external_id = v.external_id, attempts = greatest(m.attempts, v.attempt),
            sent_at = coalesce(m.sent_at, v.at), thread_at = v.at,
            delivered_at = least(m.delivered_at, refs.delivered_at, refs.read_at, refs.played_at),
            read_at = least(m.read_at, refs.read_at, refs.played_at), played_at = least(m.played_at, refs.played_at),
            failed_at = CASE WHEN refs.best_status = 'failed' THEN refs.failed_at END,
            error_code = CASE WHEN refs.best_status = 'failed' THEN 'error_receipt' END, error_message = NULL
        FROM v JOIN refs USING (external_id, instance_id) JOIN old ON old.id = v.message_id
        WHERE m.id = v.message_id
        RETURNING m.id, m.status, m.campaign_id, m.ticket_id, m.instance_id, old.status AS was,
            old.delivered_at IS NULL AND m.delivered_at IS NOT NULL AS newly_delivered,
            old.read_at IS NULL AND m.read_at IS NOT NULL AS newly_read,
            coalesce(refs.acked_at, refs.delivered_at, refs.read_at, refs.played_at, refs.failed_at) IS NOT NULL
                AS is_acknowledged
    ), noted AS (
        INSERT INTO message_events (id, tenant_id, message_id, status, attempt, details, at)
        SELECT uuid7(), :tenant, v.message_id, 'sent', v.attempt, jsonb_build_object('external_id', v.external_id), v.at
        FROM v JOIN old ON old.id = v.message_id WHERE old.external_id IS DISTINCT FROM v.external_id
    ), settled AS (
        DELETE FROM outbox o USING v
        WHERE o.message_id = v.message_id AND (o.attempt = v.attempt OR o.started_at IS NULL)
    )
    SELECT * FROM changed
""")
# Refused or cancelled: the end of it, unless a receipt already told better.
END = text("""
    WITH v AS (
        SELECT * FROM unnest(cast(:messages AS uuid[]), cast(:statuses AS text[]), cast(:attempts AS int[]),
            cast(:codes AS text[]), cast(:details AS text[])) AS t(message_id, status, attempt, code, detail)
    ), settled AS (
        DELETE FROM outbox o USING v WHERE o.message_id = v.message_id AND o.attempt = v.attempt RETURNING o.message_id
    ), noted AS (
        INSERT INTO message_events (id, tenant_id, message_id, status, attempt, code, details)
        SELECT uuid7(), :tenant, v.message_id, v.status, v.attempt, v.code, jsonb_build_object('detail', v.detail)
        FROM v JOIN settled USING (message_id)
    )
    UPDATE messages m SET status = v.status, error_code = v.code, error_message = v.detail,
        attempts = greatest(m.attempts, v.attempt), failed_at = CASE WHEN v.status = 'failed' THEN :now END
    FROM v JOIN settled USING (message_id) WHERE m.id = v.message_id AND status_rank(m.status) < 3
    RETURNING m.id, m.status, m.campaign_id, m.ticket_id, m.instance_id
""")
# Only the attempt itself may give its message back, and only with proof that nothing left.
REQUEUE = text("""
    WITH v AS (
        SELECT * FROM unnest(cast(:messages AS uuid[]), cast(:attempts AS int[]), cast(:spent AS int[]),
            cast(:delays AS float8[]), cast(:codes AS text[]), cast(:details AS text[]))
        AS t(message_id, attempt, spent, delay, code, detail)
    ), back AS (
        UPDATE outbox o SET state = 'queued', owner = NULL, lease = NULL, started_at = NULL, searched_at = NULL,
            tries = o.tries + v.spent, send_after = CASE WHEN v.delay > 0
                THEN clock_timestamp() + make_interval(secs => v.delay) ELSE o.send_after END
        FROM v WHERE o.message_id = v.message_id AND o.attempt = v.attempt AND o.state IN ('sending', 'unconfirmed')
        RETURNING o.message_id
    ), noted AS (
        INSERT INTO message_events (id, tenant_id, message_id, status, attempt, code, details)
        SELECT uuid7(), :tenant, v.message_id, 'queued', v.attempt, v.code, jsonb_build_object('detail', v.detail)
        FROM v JOIN back USING (message_id)
    )
    UPDATE messages m SET status = 'queued', error_code = v.code, error_message = v.detail
    FROM v JOIN back USING (message_id) WHERE m.id = v.message_id AND status_rank(m.status) < 3 RETURNING m.id
""")
UNKNOWN = text("""
    WITH v AS (
        SELECT * FROM unnest(cast(:messages AS uuid[]), cast(:attempts AS int[]), cast(:codes AS text[]),
            cast(:details AS text[])) AS t(message_id, attempt, code, detail)
    ), open AS (
        UPDATE outbox o SET state = 'unconfirmed', owner = NULL, lease = NULL, searched_at = NULL
        FROM v WHERE o.message_id = v.message_id AND o.attempt = v.attempt AND o.state IN ('sending', 'unconfirmed')
        RETURNING o.message_id
    ), noted AS (
        INSERT INTO message_events (id, tenant_id, message_id, status, attempt, code, details)
        SELECT uuid7(), :tenant, v.message_id, 'unconfirmed', v.attempt, v.code, jsonb_build_object('detail', v.detail)
        FROM v JOIN open USING (message_id)
    )
    UPDATE messages m SET status = 'unconfirmed', error_code = v.code, error_message = v.detail,
        attempts = greatest(m.attempts, v.attempt)
    FROM v JOIN open USING (message_id) WHERE m.id = v.message_id AND status_rank(m.status) < 3
    RETURNING m.id, m.status, m.campaign_id, m.ticket_id, m.instance_id
""")
