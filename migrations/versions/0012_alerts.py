"""Alerts, and the figures of the whole server that they and Prometheus are made from."""

from migrations.support import definer, drop, run, tenant_table

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

# One open row of a kind and subject. `told_*`: when a letter spoke of its beginning and its end.
TABLES = """
CREATE TABLE alerts (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    kind text NOT NULL,
    subject text NOT NULL DEFAULT '',
    is_urgent boolean NOT NULL DEFAULT false,
    details jsonb NOT NULL DEFAULT '{}',
    opened_at timestamptz NOT NULL DEFAULT now(),
    seen_at timestamptz NOT NULL DEFAULT now(),
    resolved_at timestamptz,
    told_at timestamptz,
    told_end_at timestamptz
);
CREATE UNIQUE INDEX alerts_open ON alerts (tenant_id, kind, subject) WHERE resolved_at IS NULL;
CREATE INDEX alerts_recent ON alerts (tenant_id, id DESC);
"""
# How long each number has had a message that could go and did not. Its pace, rests, caps and hours are no delay: a
# healthy campaign of ten thousand is late by nothing. As the owner: all companies; as the application: its own.
LATE = """
CREATE FUNCTION late_numbers() RETURNS TABLE (instance_id uuid, seconds double precision) LANGUAGE sql STABLE AS $$
    SELECT p.instance_id, greatest(0, extract(epoch FROM clock_timestamp() - least(
        (SELECT greatest(p.high_at, o.send_after) FROM outbox o WHERE o.instance_id = p.instance_id
            AND o.state = 'queued' AND o.lane = 0 AND o.held IS NULL ORDER BY o.send_after LIMIT 1),
        (SELECT greatest(p.next_at, o.send_after) FROM outbox o WHERE o.instance_id = p.instance_id
            AND o.state = 'queued' AND o.lane = 1 AND o.held IS NULL ORDER BY o.send_after LIMIT 1),
        (SELECT min(greatest(p.next_at, l.quiet_until, l.updated_at, (SELECT o.send_after FROM outbox o
                WHERE o.campaign_id = l.campaign_id AND o.instance_id = l.instance_id AND o.state = 'queued'
                    AND o.held IS NULL ORDER BY o.send_after LIMIT 1)))
            FROM send_lanes l WHERE l.instance_id = p.instance_id AND l.is_open
                AND EXISTS (SELECT FROM outbox o WHERE o.campaign_id = l.campaign_id AND o.instance_id = l.instance_id
                    AND o.state = 'queued' AND o.held IS NULL))
    )))::double precision
    FROM instance_pace p JOIN instances i ON i.id = p.instance_id JOIN tenants t ON t.id = p.tenant_id
    WHERE p.hold IS NULL AND i.is_active AND i.deleted_at IS NULL AND t.is_active AND NOT t.safe_mode
        AND EXISTS (SELECT FROM outbox o WHERE o.instance_id = p.instance_id AND o.state = 'queued' AND o.held IS NULL)
$$
"""
# Sums over all companies, and nothing of any one of them.
FIGURES = """
BEGIN
    RETURN QUERY
    SELECT 'outbox_messages', o.state, count(*)::float8 FROM outbox o GROUP BY o.state
    UNION ALL SELECT 'outbox_held', o.held, count(*)::float8 FROM outbox o WHERE o.held IS NOT NULL GROUP BY o.held
    UNION ALL SELECT 'send_lateness_seconds', '', coalesce(max(l.seconds), 0) FROM late_numbers() l
    UNION ALL SELECT 'inbound_pending', '', count(*)::float8 FROM inbound_events e WHERE e.state = 'pending'
    UNION ALL SELECT 'inbound_lag_seconds', '', coalesce(extract(epoch FROM now() - min(e.received_at)), 0)::float8
        FROM inbound_events e WHERE e.state = 'pending'
    UNION ALL SELECT 'dead_letters', 'inbound', count(*)::float8 FROM inbound_events e WHERE e.state = 'dead'
    UNION ALL SELECT 'dead_letters', 'webhook', count(*)::float8 FROM webhook_deliveries d WHERE d.state = 'failed'
    UNION ALL SELECT 'instances', i.status, count(*)::float8 FROM instances i
        WHERE i.deleted_at IS NULL AND i.is_active GROUP BY i.status
    UNION ALL SELECT 'instances_on_hold', p.hold, count(*)::float8 FROM instance_pace p
        WHERE p.hold IS NOT NULL GROUP BY p.hold
    UNION ALL SELECT 'messages_today', v.name, sum(v.many)::float8 FROM daily_metrics d,
        LATERAL (VALUES ('sent', d.sent), ('delivered', d.delivered), ('failed', d.failed), ('received', d.received))
        AS v (name, many) WHERE d.day = current_date GROUP BY v.name
    UNION ALL SELECT 'default_partition', 'messages', (EXISTS (SELECT FROM messages_default))::int::float8
    UNION ALL SELECT 'database_bytes', '', pg_database_size(current_database())::float8
    UNION ALL SELECT 'database_connections', '', count(*)::float8 FROM pg_stat_activity a
        WHERE a.datname = current_database();
END
"""
# Its trigger hands the facts of these kinds on to webhooks.
HOOKS = """
DO $do$ BEGIN
    EXECUTE replace(pg_get_functiondef('facts_to_deliveries()'::regprocedure), $$('{was}ticket'$$, $$('{now}ticket'$$);
END $do$
"""


def upgrade() -> None:
    run(TABLES)
    tenant_table("alerts")
    run(LATE)
    definer("system_figures()", "TABLE (name text, label text, value double precision)", FIGURES)
    run(HOOKS.format(was="", now="alert', '"))


def downgrade() -> None:
    run(HOOKS.format(was="alert', '", now=""))
    drop("system_figures()", "late_numbers()", kind="FUNCTION")
    drop("alerts")
