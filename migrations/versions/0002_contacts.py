"""People outside: contacts, their identities, tags, groups, lists, merges and imports; media and templates."""

from migrations.support import drop, run, search_view, tenant_table

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE media (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    file_name text NOT NULL,
    mime_type text NOT NULL,
    size bigint NOT NULL CHECK (size >= 0),
    sha256 text NOT NULL,
    storage_key text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('image', 'video', 'audio', 'voice', 'document', 'sticker')),
    seconds real,
    width integer,
    height integer,
    created_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (tenant_id, id)
);
CREATE INDEX media_hash ON media (tenant_id, sha256);
CREATE TABLE templates (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    name text NOT NULL CHECK (name <> ''),
    category text NOT NULL DEFAULT 'marketing' CHECK (category IN ('marketing', 'utility', 'authentication', 'reply')),
    language text NOT NULL DEFAULT 'pt_BR',
    content text NOT NULL,
    variables jsonb NOT NULL DEFAULT '[]',
    components jsonb NOT NULL DEFAULT '[]',
    media_id uuid,
    status text NOT NULL DEFAULT 'approved',
    provider_template_id text,
    is_archived boolean NOT NULL DEFAULT false,
    created_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (tenant_id, id),
    UNIQUE (tenant_id, name, language),
    FOREIGN KEY (tenant_id, media_id) REFERENCES media (tenant_id, id)
);
CREATE TABLE groups (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    name text NOT NULL CHECK (name <> ''),
    description text NOT NULL DEFAULT '',
    color text NOT NULL DEFAULT 'teal',
    created_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (tenant_id, id),
    UNIQUE (tenant_id, name)
);
CREATE TABLE tags (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    name text NOT NULL CHECK (name <> ''),
    color text NOT NULL DEFAULT 'blue',
    created_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (tenant_id, id),
    UNIQUE (tenant_id, name)
);
CREATE TABLE lists (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    name text NOT NULL CHECK (name <> ''),
    description text NOT NULL DEFAULT '',
    filters jsonb NOT NULL DEFAULT '{}',
    estimated_count integer,
    estimated_at timestamptz,
    created_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (tenant_id, id),
    UNIQUE (tenant_id, name)
);
CREATE TABLE imports (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    file_name text NOT NULL,
    file_hash text,
    storage_key text NOT NULL,
    status text NOT NULL DEFAULT 'pending'
        CHECK (status IN ('pending', 'checking', 'ready', 'running', 'completed', 'failed', 'undone', 'cancelled')),
    source text NOT NULL DEFAULT 'contacts' CHECK (source IN ('contacts', 'campaign', 'api')),
    sheet text,
    mapping jsonb NOT NULL DEFAULT '{}',
    options jsonb NOT NULL DEFAULT '{}',
    analysis jsonb NOT NULL DEFAULT '{}',
    fixes jsonb NOT NULL DEFAULT '{}',
    group_id uuid,
    total integer NOT NULL DEFAULT 0,
    valid integer NOT NULL DEFAULT 0,
    invalid integer NOT NULL DEFAULT 0,
    repaired integer NOT NULL DEFAULT 0,
    duplicates integer NOT NULL DEFAULT 0,
    created integer NOT NULL DEFAULT 0,
    updated integer NOT NULL DEFAULT 0,
    unchanged integer NOT NULL DEFAULT 0,
    progress integer NOT NULL DEFAULT 0,
    errors jsonb NOT NULL DEFAULT '[]',
    error text,
    result_key text,
    owner text,
    lease timestamptz,
    created_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    completed_at timestamptz,
    undone_at timestamptz,
    UNIQUE (tenant_id, id),
    FOREIGN KEY (tenant_id, group_id) REFERENCES groups (tenant_id, id) ON DELETE SET NULL (group_id)
);
CREATE TABLE contacts (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    name text NOT NULL DEFAULT '',
    phone text,
    email text,
    custom_fields jsonb NOT NULL DEFAULT '{}',
    notes text NOT NULL DEFAULT '',
    is_blocked boolean NOT NULL DEFAULT false,
    opted_in_at timestamptz,
    opted_in_source text,
    opted_out_at timestamptz,
    opted_out_source text,
    unreachable_at timestamptz,
    merged_into uuid,
    avatar text,
    search text NOT NULL DEFAULT '',
    import_id uuid,
    last_message_at timestamptz,
    created_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz,
    UNIQUE (tenant_id, id)
);
CREATE INDEX contacts_name ON contacts (tenant_id, name, id) WHERE merged_into IS NULL AND deleted_at IS NULL;
CREATE INDEX contacts_last_message ON contacts (tenant_id, last_message_at DESC, id DESC)
    WHERE last_message_at IS NOT NULL AND merged_into IS NULL AND deleted_at IS NULL;
CREATE INDEX contacts_search ON contacts USING gin (search gin_trgm_ops) WHERE merged_into IS NULL AND deleted_at IS NULL;
CREATE INDEX contacts_import ON contacts (tenant_id, import_id) WHERE import_id IS NOT NULL;
CREATE INDEX contacts_merged ON contacts (tenant_id, merged_into) WHERE merged_into IS NOT NULL;
CREATE TABLE contact_identities (
    tenant_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('phone', 'jid', 'lid', 'bsuid')),
    value text NOT NULL,
    contact_id uuid NOT NULL,
    display text,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, kind, value),
    FOREIGN KEY (tenant_id, contact_id) REFERENCES contacts (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX contact_identities_contact ON contact_identities (contact_id);
CREATE TABLE contact_merges (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL,
    winner_id uuid NOT NULL,
    loser_id uuid NOT NULL,
    reason text NOT NULL,
    snapshot jsonb NOT NULL,
    created_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    undone_at timestamptz,
    FOREIGN KEY (tenant_id, winner_id) REFERENCES contacts (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, loser_id) REFERENCES contacts (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX contact_merges_winner ON contact_merges (tenant_id, winner_id);
CREATE TABLE contact_tags (
    tenant_id uuid NOT NULL,
    contact_id uuid NOT NULL,
    tag_id uuid NOT NULL,
    PRIMARY KEY (contact_id, tag_id),
    FOREIGN KEY (tenant_id, contact_id) REFERENCES contacts (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, tag_id) REFERENCES tags (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX contact_tags_tag ON contact_tags (tag_id, contact_id);
CREATE TABLE group_members (
    tenant_id uuid NOT NULL,
    group_id uuid NOT NULL,
    contact_id uuid NOT NULL,
    import_id uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (group_id, contact_id),
    FOREIGN KEY (tenant_id, group_id) REFERENCES groups (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, contact_id) REFERENCES contacts (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX group_members_contact ON group_members (contact_id);
CREATE TABLE import_rows (
    tenant_id uuid NOT NULL,
    import_id uuid NOT NULL,
    row_number integer NOT NULL,
    contact_id uuid,
    outcome text NOT NULL CHECK (outcome IN ('created', 'updated', 'unchanged', 'duplicate', 'invalid', 'kept')),
    problems jsonb NOT NULL DEFAULT '[]',
    cells jsonb NOT NULL DEFAULT '{}',
    before jsonb,
    PRIMARY KEY (import_id, row_number),
    FOREIGN KEY (tenant_id, import_id) REFERENCES imports (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX import_rows_contact ON import_rows (contact_id) WHERE contact_id IS NOT NULL;
"""

# Totals without count(*): each statement adds its difference; cron folds the rows together.
COUNT_CONTACTS = """
CREATE FUNCTION count_contacts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO counters SELECT tenant_id, 'contacts', count(*) FROM added
            WHERE merged_into IS NULL AND deleted_at IS NULL GROUP BY tenant_id;
    ELSE
        INSERT INTO counters SELECT tenant_id, 'contacts', -count(*) FROM gone
            WHERE merged_into IS NULL AND deleted_at IS NULL GROUP BY tenant_id;
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION recount_contact() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO counters VALUES (NEW.tenant_id, 'contacts',
        (NEW.merged_into IS NULL AND NEW.deleted_at IS NULL)::int - (OLD.merged_into IS NULL AND OLD.deleted_at IS NULL)::int);
    RETURN NULL;
END $$;
CREATE TRIGGER contacts_counted_in AFTER INSERT ON contacts
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION count_contacts();
CREATE TRIGGER contacts_counted_out AFTER DELETE ON contacts
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION count_contacts();
CREATE TRIGGER contacts_counted_change AFTER UPDATE ON contacts FOR EACH ROW
    WHEN ((OLD.merged_into IS NULL AND OLD.deleted_at IS NULL) IS DISTINCT FROM
          (NEW.merged_into IS NULL AND NEW.deleted_at IS NULL))
    EXECUTE FUNCTION recount_contact();
"""

NAMES = (
    "media",
    "templates",
    "groups",
    "tags",
    "lists",
    "imports",
    "contacts",
    "contact_identities",
    "contact_merges",
    "contact_tags",
    "group_members",
    "import_rows",
)


def upgrade() -> None:
    run("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    run(TABLES)
    run(COUNT_CONTACTS)
    for name in NAMES:
        tenant_table(name)
    search_view(
        "contact_search",
        "contacts",
        "id, tenant_id, search, name, phone, email, is_blocked, opted_in_at, opted_out_at, last_message_at, import_id, "
        "merged_into, deleted_at",
    )


def downgrade() -> None:
    drop("contact_search", kind="VIEW")
    drop(*reversed(NAMES))
    drop("count_contacts()", "recount_contact()", kind="FUNCTION")
