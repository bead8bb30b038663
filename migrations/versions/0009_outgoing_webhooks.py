"""Outgoing webhooks: subscriptions, deliveries, and the trigger that makes deliveries of facts in their transaction."""

from migrations.support import definer, drop, run, tenant_table

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

# `sees`: what the person who answers for the address could see when they set it. `paused_at`: stopped by itself, the
# backlog grows; `is_active` false: switched off by a person, nothing is recorded.
TABLES = """
CREATE TABLE webhooks (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    instance_id uuid,
    description text NOT NULL DEFAULT '',
    url text NOT NULL CHECK (url <> ''),
    events text[] NOT NULL CHECK (cardinality(events) > 0),
    secret bytea NOT NULL,
    old_secret bytea,
    old_secret_until timestamptz,
    retry_config jsonb NOT NULL DEFAULT '{}',
    sees text[] NOT NULL DEFAULT '{}',
    owner_id uuid,
    is_active boolean NOT NULL DEFAULT true,
    paused_at timestamptz,
    paused_reason text,
    failures integer NOT NULL DEFAULT 0,
    failing_since timestamptz,
    retry_at timestamptz,
    last_called_at timestamptz,
    last_status integer,
    last_ms integer,
    created_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (tenant_id, id),
    FOREIGN KEY (tenant_id, instance_id) REFERENCES instances (tenant_id, id)
) WITH (fillfactor = 70);
CREATE INDEX webhooks_tenant ON webhooks (tenant_id, id);
CREATE TABLE webhook_deliveries (
    id uuid PRIMARY KEY,
    seq bigint GENERATED ALWAYS AS IDENTITY,
    tenant_id uuid NOT NULL,
    webhook_id uuid NOT NULL,
    event text NOT NULL,
    key uuid NOT NULL,
    facts jsonb NOT NULL DEFAULT '{}',
    body text,
    state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'sending', 'delivered', 'failed', 'discarded')),
    attempts integer NOT NULL DEFAULT 0,
    first_at timestamptz,
    next_at timestamptz NOT NULL DEFAULT now(),
    owner text,
    lease timestamptz,
    log jsonb NOT NULL DEFAULT '[]',
    created_at timestamptz NOT NULL DEFAULT now(),
    settled_at timestamptz,
    FOREIGN KEY (tenant_id, webhook_id) REFERENCES webhooks (tenant_id, id) ON DELETE CASCADE
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);
CREATE INDEX webhook_deliveries_pending ON webhook_deliveries (webhook_id, seq) WHERE state = 'pending';
CREATE INDEX webhook_deliveries_key ON webhook_deliveries (webhook_id, key, seq) WHERE state IN ('pending', 'sending');
CREATE INDEX webhook_deliveries_sending ON webhook_deliveries (lease) WHERE state = 'sending';
CREATE INDEX webhook_deliveries_failed ON webhook_deliveries (tenant_id, id DESC) WHERE state = 'failed';
CREATE INDEX webhook_deliveries_recent ON webhook_deliveries (webhook_id, id DESC);
CREATE INDEX webhook_deliveries_settled ON webhook_deliveries (tenant_id, settled_at) WHERE settled_at IS NOT NULL;
"""

# Runs with the rights and the company of whoever wrote the fact. `rank` keeps the order in which facts were written.
TRIGGER = """
CREATE FUNCTION facts_to_deliveries() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM webhooks w WHERE w.is_active AND w.tenant_id IN (SELECT tenant_id FROM fresh)) THEN
        RETURN NULL;
    END IF;
    INSERT INTO webhook_deliveries (id, tenant_id, webhook_id, event, key, facts, created_at)
    SELECT uuid7(), e.tenant_id, w.id, e.event, e.key, e.facts, e.created_at
    FROM (
        SELECT r.rank, r.n, r.tenant_id, r.event, r.facts, r.created_at,
            coalesce(m.contact_id, t.contact_id, (r.facts ->> 'contact_id')::uuid, (r.facts ->> 'campaign_id')::uuid,
                (r.facts ->> 'instance_id')::uuid, r.id) AS key,
            coalesce(m.instance_id, t.instance_id, (r.facts ->> 'instance_id')::uuid) AS instance_id
        FROM (
            SELECT f.rank, 0 AS n, f.id, f.tenant_id, f.created_at, f.payload - 'was' AS facts,
                CASE f.name WHEN 'contacts.changed' THEN 'contact.bulk_changed'
                    WHEN 'import.completed' THEN 'contact.imported' ELSE f.name END AS event
            FROM (SELECT row_number() OVER () AS rank, * FROM fresh) f
            WHERE split_part(f.name, '.', 1) IN ('ticket', 'campaign', 'instance', 'contact')
                OR f.name IN ('message.received', 'message.status', 'contacts.changed', 'import.completed')
            UNION ALL
            SELECT f.rank, c.n, f.id, f.tenant_id, f.created_at,
                jsonb_build_object('message_id', c.change ->> 0, 'status', c.change ->> 1), 'message.status'
            FROM (SELECT row_number() OVER () AS rank, * FROM fresh) f
            CROSS JOIN LATERAL jsonb_array_elements(f.payload -> 'changes') WITH ORDINALITY AS c(change, n)
            WHERE f.name = 'message.statuses'
        ) r
        LEFT JOIN messages m ON r.facts ? 'message_id' AND m.id = (r.facts ->> 'message_id')::uuid
        LEFT JOIN tickets t ON r.facts ? 'ticket_id' AND t.id = (r.facts ->> 'ticket_id')::uuid
        WHERE m.is_private IS NOT TRUE
    ) e
    JOIN webhooks w ON w.tenant_id = e.tenant_id AND w.is_active
        AND (e.event = ANY (w.events) OR split_part(e.event, '.', 1) || '.*' = ANY (w.events))
        AND (w.instance_id IS NULL OR w.instance_id = e.instance_id OR EXISTS (
            SELECT 1 FROM campaign_instances c WHERE c.campaign_id = (e.facts ->> 'campaign_id')::uuid
                AND c.instance_id = w.instance_id))
    ORDER BY e.rank, e.n;
    RETURN NULL;
END $body$;
CREATE TRIGGER facts_to_deliveries AFTER INSERT ON facts REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION facts_to_deliveries();
"""

# One claim at a time (advisory lock), so that the width of an address holds over all workers. A failing address gets
# less, and from its fifth failure in a row one try at its own pace. The first of each key only: that is the order.
CLAIM = """
DECLARE
    moment timestamptz := clock_timestamp();
    hook record;
    slots integer;
    taken integer;
BEGIN
    IF NOT pg_try_advisory_xact_lock(7205012) THEN RETURN; END IF;
    UPDATE webhook_deliveries d SET state = 'pending', owner = NULL, lease = NULL
    WHERE d.state = 'sending' AND d.lease < moment;
    RETURN QUERY
    UPDATE webhook_deliveries d SET state = 'sending', owner = me, attempts = d.attempts + 1, first_at = moment,
        lease = moment + make_interval(secs => lease_s)
    FROM (SELECT x.id FROM webhook_deliveries x WHERE x.state = 'pending' AND x.event = 'webhook.test'
        ORDER BY x.seq LIMIT 20 FOR UPDATE SKIP LOCKED) chosen
    WHERE d.id = chosen.id RETURNING d.id, d.tenant_id, d.webhook_id, d.attempts, d.first_at, d.event;
    FOR hook IN
        SELECT h.id, CASE WHEN h.failures = 0 THEN wide WHEN h.failures < 5 THEN 2 ELSE 1 END - (
            SELECT count(*)::integer FROM webhook_deliveries d WHERE d.webhook_id = h.id AND d.state = 'sending') AS room
        FROM webhooks h JOIN tenants t ON t.id = h.tenant_id AND t.is_active
        WHERE h.is_active AND h.paused_at IS NULL AND (h.retry_at IS NULL OR h.retry_at <= moment)
            AND EXISTS (SELECT 1 FROM webhook_deliveries d WHERE d.webhook_id = h.id AND d.state = 'pending')
        ORDER BY h.last_called_at NULLS FIRST
    LOOP
        slots := least(hook.room, want);
        CONTINUE WHEN slots <= 0;
        RETURN QUERY
        UPDATE webhook_deliveries d SET state = 'sending', owner = me, attempts = d.attempts + 1,
            first_at = coalesce(d.first_at, moment), lease = moment + make_interval(secs => lease_s)
        FROM (
            SELECT x.id FROM webhook_deliveries x
            WHERE x.webhook_id = hook.id AND x.state = 'pending' AND x.next_at <= moment AND NOT EXISTS (
                SELECT 1 FROM webhook_deliveries b WHERE b.webhook_id = x.webhook_id AND b.key = x.key
                    AND b.state IN ('pending', 'sending') AND b.seq < x.seq)
            ORDER BY x.seq LIMIT slots FOR UPDATE SKIP LOCKED
        ) chosen
        WHERE d.id = chosen.id RETURNING d.id, d.tenant_id, d.webhook_id, d.attempts, d.first_at, d.event;
        GET DIAGNOSTICS taken = ROW_COUNT;
        want := want - taken;
        EXIT WHEN want <= 0;
    END LOOP;
END
"""

# When the next delivery is due: null when nothing waits.
WAITING = """
    SELECT min(greatest(h.retry_at, (SELECT min(d.next_at) FROM webhook_deliveries d
        WHERE d.webhook_id = h.id AND d.state = 'pending')))
    FROM webhooks h JOIN tenants t ON t.id = h.tenant_id AND t.is_active
    WHERE (h.is_active AND h.paused_at IS NULL AND EXISTS (
        SELECT 1 FROM webhook_deliveries d WHERE d.webhook_id = h.id AND d.state = 'pending'))
    UNION ALL
    SELECT min(lease) FROM webhook_deliveries WHERE state = 'sending'
    UNION ALL
    SELECT min(next_at) FROM webhook_deliveries WHERE state = 'pending' AND event = 'webhook.test'
"""


def upgrade() -> None:
    run(TABLES)
    tenant_table("webhooks")
    tenant_table("webhook_deliveries")
    run(TRIGGER)
    definer(
        "webhook_claim(me text, lease_s double precision, wide integer, want integer)",
        "TABLE (id uuid, tenant_id uuid, webhook_id uuid, attempts integer, first_at timestamptz, event text)",
        CLAIM,
    )
    definer("webhook_waiting()", "SETOF timestamptz", WAITING, language="sql", volatility="STABLE")


def downgrade() -> None:
    drop("webhook_claim", "webhook_waiting", kind="FUNCTION")
    run("DROP TRIGGER IF EXISTS facts_to_deliveries ON facts")
    drop("facts_to_deliveries", kind="FUNCTION")
    drop("webhook_deliveries", "webhooks")
