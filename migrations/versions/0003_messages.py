"""WhatsApp numbers, the ledger of messages, conversations (tickets) and the raw events that gateways post."""

from migrations.support import definer, drop, partitioned, run, tenant_table

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

INSTANCES = """
CREATE TABLE instances (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    name text NOT NULL CHECK (name <> ''),
    description text NOT NULL DEFAULT '',
    provider text NOT NULL CHECK (provider IN ('evolution', 'cloud')),
    phone_number text,
    jid text,
    profile_name text,
    status text NOT NULL DEFAULT 'disconnected'
        CHECK (status IN ('disconnected', 'connecting', 'connected', 'failed')),
    status_reason text,
    external_name text NOT NULL UNIQUE,
    credentials bytea,
    webhook_secret bytea,
    webhook_secret_hash bytea,
    qr_code text,
    pairing_code text,
    qr_expires_at timestamptz,
    last_connection_at timestamptz,
    last_checked_at timestamptz,
    is_default boolean NOT NULL DEFAULT false,
    is_active boolean NOT NULL DEFAULT true,
    is_provisioned boolean NOT NULL DEFAULT false,
    pace jsonb NOT NULL DEFAULT '{}',
    health jsonb NOT NULL DEFAULT '{}',
    max_agents integer NOT NULL DEFAULT 10 CHECK (max_agents BETWEEN 1 AND 100),
    default_queue_id uuid,
    created_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz,
    UNIQUE (tenant_id, id)
);
CREATE UNIQUE INDEX instances_phone ON instances (tenant_id, phone_number) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX instances_default ON instances (tenant_id) WHERE is_default AND deleted_at IS NULL;
"""

# Foreign keys of the ledger stop at the tenant: a partition must be droppable, an erased contact must not drag the
# ledger along, and 100,000 rows a launch must not pay four checks each. Rows are only written from scoped reads.
MESSAGES = """
CREATE TABLE messages (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL,
    instance_id uuid NOT NULL,
    contact_id uuid,
    ticket_id uuid,
    campaign_id uuid,
    direction text NOT NULL CHECK (direction IN ('inbound', 'outbound')),
    sender_type text NOT NULL CHECK (sender_type IN ('contact', 'user', 'bot', 'campaign', 'api', 'system', 'phone')),
    user_id uuid,
    type text NOT NULL DEFAULT 'text',
    body text NOT NULL DEFAULT '',
    media_id uuid,
    media jsonb,
    recipient_key text,
    external_id text,
    reply_to text,
    status text NOT NULL CHECK (status IN ('queued', 'sending', 'unconfirmed', 'sent', 'delivered', 'read', 'played',
        'failed', 'cancelled', 'held', 'received')),
    is_private boolean NOT NULL DEFAULT false,
    error_code text,
    error_message text,
    attempts integer NOT NULL DEFAULT 0,
    thread_at timestamptz NOT NULL DEFAULT now(),
    created_at timestamptz NOT NULL DEFAULT now(),
    sent_at timestamptz,
    delivered_at timestamptz,
    read_at timestamptz,
    played_at timestamptz,
    failed_at timestamptz,
    replied_at timestamptz,
    edited_at timestamptz,
    deleted_at timestamptz,
    metadata jsonb NOT NULL DEFAULT '{}'
) PARTITION BY RANGE (id);
CREATE INDEX messages_ticket ON messages (ticket_id, thread_at DESC, id DESC) WHERE ticket_id IS NOT NULL;
CREATE INDEX messages_contact ON messages (contact_id, thread_at DESC, id DESC);
CREATE INDEX messages_campaign ON messages (campaign_id, status, id) WHERE campaign_id IS NOT NULL;
CREATE INDEX messages_tenant ON messages (tenant_id, id DESC) WHERE campaign_id IS NULL;
CREATE INDEX messages_failed ON messages (tenant_id, id DESC) WHERE status IN ('failed', 'unconfirmed');
CREATE TABLE message_events (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL,
    message_id uuid NOT NULL,
    status text NOT NULL,
    attempt integer,
    code text,
    details jsonb,
    at timestamptz NOT NULL DEFAULT now()
) PARTITION BY RANGE (id);
CREATE INDEX message_events_message ON message_events (message_id, id);
CREATE TABLE external_refs (
    instance_id uuid NOT NULL,
    external_id text NOT NULL,
    tenant_id uuid NOT NULL,
    message_id uuid,
    best_status text,
    acked_at timestamptz,
    delivered_at timestamptz,
    read_at timestamptz,
    played_at timestamptz,
    failed_at timestamptz,
    echo jsonb,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (instance_id, external_id)
);
CREATE INDEX external_refs_message ON external_refs (message_id) WHERE message_id IS NOT NULL;
CREATE INDEX external_refs_echo ON external_refs (instance_id, created_at) WHERE message_id IS NULL;
CREATE TABLE conversations (
    instance_id uuid NOT NULL,
    contact_id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    last_inbound_at timestamptz,
    last_outbound_at timestamptz,
    PRIMARY KEY (instance_id, contact_id),
    FOREIGN KEY (tenant_id, instance_id) REFERENCES instances (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, contact_id) REFERENCES contacts (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX conversations_contact ON conversations (contact_id);
CREATE TABLE tickets (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL,
    contact_id uuid NOT NULL,
    instance_id uuid NOT NULL,
    queue_id uuid,
    user_id uuid,
    status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'open', 'closed')),
    priority text NOT NULL DEFAULT 'medium' CHECK (priority IN ('low', 'medium', 'high', 'urgent')),
    mode text NOT NULL DEFAULT 'human' CHECK (mode IN ('bot', 'human')),
    needs_human_attention boolean NOT NULL DEFAULT false,
    flow_state jsonb,
    campaign_id uuid,
    unread_count integer NOT NULL DEFAULT 0 CHECK (unread_count >= 0),
    last_message_id uuid,
    last_message_at timestamptz,
    first_response_at timestamptz,
    closed_at timestamptz,
    rating integer CHECK (rating BETWEEN 1 AND 5),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (tenant_id, id),
    FOREIGN KEY (tenant_id, contact_id) REFERENCES contacts (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, instance_id) REFERENCES instances (tenant_id, id)
);
CREATE UNIQUE INDEX tickets_one_open ON tickets (tenant_id, contact_id, instance_id) WHERE status <> 'closed';
CREATE INDEX tickets_recent ON tickets (tenant_id, status, last_message_at DESC, id DESC);
CREATE INDEX tickets_contact ON tickets (contact_id, id DESC);
CREATE TABLE ticket_events (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL,
    ticket_id uuid NOT NULL,
    kind text NOT NULL,
    user_id uuid,
    details jsonb NOT NULL DEFAULT '{}',
    assigned_at timestamptz,
    completed_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (tenant_id, ticket_id) REFERENCES tickets (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX ticket_events_ticket ON ticket_events (ticket_id, id);
CREATE TABLE inbound_events (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL,
    instance_id uuid NOT NULL,
    body bytea NOT NULL,
    body_hash bytea NOT NULL,
    state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'done', 'dead', 'discarded')),
    error text,
    received_at timestamptz NOT NULL DEFAULT now(),
    processed_at timestamptz,
    UNIQUE (instance_id, body_hash)
);
CREATE INDEX inbound_events_pending ON inbound_events (instance_id, id) WHERE state = 'pending';
CREATE INDEX inbound_events_dead ON inbound_events (tenant_id, id DESC) WHERE state = 'dead';
CREATE INDEX inbound_events_old ON inbound_events (processed_at) WHERE state IN ('done', 'discarded');
CREATE TABLE daily_metrics (
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    day date NOT NULL,
    instance_id uuid NOT NULL,
    sent integer NOT NULL DEFAULT 0,
    delivered integer NOT NULL DEFAULT 0,
    read integer NOT NULL DEFAULT 0,
    replied integer NOT NULL DEFAULT 0,
    failed integer NOT NULL DEFAULT 0,
    received integer NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, day, instance_id)
);
"""

# The rank of a status: it only moves up, whatever order receipts come in (failed sits between sent and delivered).
RANK = """
CREATE FUNCTION status_rank(status text) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE status WHEN 'queued' THEN 0 WHEN 'held' THEN 0 WHEN 'cancelled' THEN 0 WHEN 'sending' THEN 1
        WHEN 'unconfirmed' THEN 2 WHEN 'sent' THEN 3 WHEN 'failed' THEN 4 WHEN 'delivered' THEN 5 WHEN 'read' THEN 6
        WHEN 'played' THEN 7 ELSE 0 END
$$;
"""

TARGET = """
BEGIN
    RETURN QUERY SELECT i.tenant_id, i.webhook_secret_hash FROM instances i WHERE i.id = wanted;
END
"""
STORE = """
BEGIN
    INSERT INTO inbound_events (id, tenant_id, instance_id, body, body_hash)
    VALUES (new_id, of_tenant, of_instance, raw, sha256(raw)) ON CONFLICT DO NOTHING;
    RETURN FOUND;
END
"""
# A loose index scan: one probe per instance, however long the backlog.
PENDING = """
BEGIN
    RETURN QUERY
    SELECT i.id, i.tenant_id FROM instances i
    WHERE EXISTS (SELECT 1 FROM inbound_events e WHERE e.instance_id = i.id AND e.state = 'pending');
END
"""

NAMES = (
    "instances",
    "messages",
    "message_events",
    "external_refs",
    "conversations",
    "tickets",
    "ticket_events",
    "inbound_events",
    "daily_metrics",
)


def upgrade() -> None:
    run(INSTANCES)
    run(MESSAGES)
    run(RANK)
    for name in NAMES:
        tenant_table(name)
    partitioned("messages")
    partitioned("message_events")
    definer(
        "find_webhook_target(wanted uuid)",
        "TABLE (tenant_id uuid, secret_hash bytea)",
        TARGET,
        volatility="STABLE",
    )
    definer("store_inbound(new_id uuid, of_tenant uuid, of_instance uuid, raw bytea)", "boolean", STORE)
    definer("instances_with_inbound()", "TABLE (instance_id uuid, tenant_id uuid)", PENDING, volatility="STABLE")


def downgrade() -> None:
    drop(
        "instances_with_inbound()",
        "store_inbound(uuid, uuid, uuid, bytea)",
        "find_webhook_target(uuid)",
        kind="FUNCTION",
    )
    drop(*reversed(NAMES))
    drop("status_rank(text)", kind="FUNCTION")
