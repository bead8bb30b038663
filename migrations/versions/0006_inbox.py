"""The inbox: departments, their people, quick replies, tags of a conversation, drafts, keys against double sends."""

from migrations.support import drop, run, search_view, tenant_table

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE queues (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    name text NOT NULL CHECK (name <> ''),
    description text NOT NULL DEFAULT '',
    color text NOT NULL DEFAULT 'teal',
    greeting text NOT NULL DEFAULT '',
    away_message text NOT NULL DEFAULT '',
    hours jsonb NOT NULL DEFAULT '{}',
    distribution text NOT NULL DEFAULT 'manual' CHECK (distribution IN ('manual', 'round_robin', 'least_busy')),
    priority integer NOT NULL DEFAULT 0,
    is_active boolean NOT NULL DEFAULT true,
    created_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (tenant_id, id),
    UNIQUE (tenant_id, name)
);
CREATE TABLE queue_members (
    tenant_id uuid NOT NULL,
    queue_id uuid NOT NULL,
    user_id uuid NOT NULL,
    last_assigned_at timestamptz,
    PRIMARY KEY (queue_id, user_id),
    FOREIGN KEY (tenant_id, queue_id) REFERENCES queues (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX queue_members_user ON queue_members (user_id);
CREATE TABLE quick_replies (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    shortcut text NOT NULL CHECK (shortcut <> ''),
    content text NOT NULL,
    category text NOT NULL DEFAULT '',
    media_id uuid,
    user_id uuid,
    created_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (tenant_id, id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, media_id) REFERENCES media (tenant_id, id)
);
CREATE UNIQUE INDEX quick_replies_shared ON quick_replies (tenant_id, shortcut) WHERE user_id IS NULL;
CREATE UNIQUE INDEX quick_replies_own ON quick_replies (tenant_id, user_id, shortcut) WHERE user_id IS NOT NULL;
CREATE TABLE ticket_tags (
    tenant_id uuid NOT NULL,
    ticket_id uuid NOT NULL,
    tag_id uuid NOT NULL,
    PRIMARY KEY (ticket_id, tag_id),
    FOREIGN KEY (tenant_id, ticket_id) REFERENCES tickets (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, tag_id) REFERENCES tags (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX ticket_tags_tag ON ticket_tags (tag_id);
CREATE TABLE ticket_drafts (
    tenant_id uuid NOT NULL,
    ticket_id uuid NOT NULL,
    user_id uuid NOT NULL,
    body text NOT NULL,
    is_note boolean NOT NULL DEFAULT false,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (ticket_id, user_id),
    FOREIGN KEY (tenant_id, ticket_id) REFERENCES tickets (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
);
CREATE TABLE client_keys (
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    user_id uuid NOT NULL,
    key text NOT NULL,
    message_id uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, user_id, key)
);
CREATE TABLE mentions (
    tenant_id uuid NOT NULL,
    user_id uuid NOT NULL,
    message_id uuid NOT NULL,
    ticket_id uuid NOT NULL,
    read_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (user_id, message_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, ticket_id) REFERENCES tickets (tenant_id, id) ON DELETE CASCADE
);
CREATE TABLE saved_filters (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL,
    user_id uuid NOT NULL,
    name text NOT NULL CHECK (name <> ''),
    filters jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (tenant_id, user_id, name),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
);
CREATE TABLE attendance_daily (
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    day date NOT NULL,
    hour smallint NOT NULL,
    queue_id uuid NOT NULL,
    user_id uuid NOT NULL,
    opened integer NOT NULL DEFAULT 0,
    closed integer NOT NULL DEFAULT 0,
    first_responses integer NOT NULL DEFAULT 0,
    first_response_s bigint NOT NULL DEFAULT 0,
    resolutions integer NOT NULL DEFAULT 0,
    resolution_s bigint NOT NULL DEFAULT 0,
    ratings integer NOT NULL DEFAULT 0,
    rating_sum integer NOT NULL DEFAULT 0,
    sent integer NOT NULL DEFAULT 0,
    received integer NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, day, hour, queue_id, user_id)
);
ALTER TABLE tickets ADD COLUMN needs_rating_until timestamptz, ADD COLUMN auto_close_warned_at timestamptz,
    ADD COLUMN last_inbound_at timestamptz, ADD COLUMN menu_sent_at timestamptz,
    ADD FOREIGN KEY (tenant_id, queue_id) REFERENCES queues (tenant_id, id) ON DELETE SET NULL (queue_id),
    ADD FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE SET NULL (user_id);
CREATE INDEX tickets_mine ON tickets (user_id, last_message_at DESC, id DESC) WHERE status = 'open';
CREATE INDEX tickets_waiting ON tickets (queue_id, last_message_at DESC, id DESC) WHERE status = 'pending';
CREATE INDEX tickets_live ON tickets (tenant_id, last_message_at DESC, id DESC) WHERE status <> 'closed';
CREATE INDEX tickets_history ON tickets (user_id, last_message_at DESC, id DESC) WHERE status = 'closed';
UPDATE tickets SET last_message_at = created_at WHERE last_message_at IS NULL;
ALTER TABLE tickets ALTER COLUMN last_message_at SET DEFAULT now();
ALTER TABLE messages ADD COLUMN search text;
CREATE INDEX messages_search ON messages USING gin (search gin_trgm_ops) WHERE search IS NOT NULL;
CREATE INDEX messages_reactions ON messages (instance_id, reply_to) WHERE type = 'reaction';
CREATE INDEX messages_media ON messages (media_id) WHERE media_id IS NOT NULL AND campaign_id IS NULL;
ALTER TABLE media ADD COLUMN thumb_key text;
"""

NAMES = (
    "queues",
    "queue_members",
    "quick_replies",
    "ticket_tags",
    "ticket_drafts",
    "client_keys",
    "mentions",
    "saved_filters",
    "attendance_daily",
)


def upgrade() -> None:
    run(TABLES)
    for name in NAMES:
        tenant_table(name)
    search_view(
        "message_search",
        "messages",
        "id, tenant_id, search, ticket_id, contact_id, instance_id, campaign_id, thread_at, is_private",
    )


def downgrade() -> None:
    drop("message_search", kind="VIEW")
    run("ALTER TABLE messages DROP COLUMN search")
    run("ALTER TABLE media DROP COLUMN thumb_key")
    run("ALTER TABLE tickets ALTER COLUMN last_message_at DROP DEFAULT")
    run(
        "ALTER TABLE tickets DROP COLUMN needs_rating_until, DROP COLUMN auto_close_warned_at,"
        " DROP COLUMN last_inbound_at, DROP COLUMN menu_sent_at, DROP CONSTRAINT tickets_tenant_id_queue_id_fkey,"
        " DROP CONSTRAINT tickets_tenant_id_user_id_fkey"
    )
    old = ("tickets_mine", "tickets_waiting", "tickets_live", "tickets_history", "messages_reactions", "messages_media")
    drop(*old, kind="INDEX")
    drop(*reversed(NAMES))
