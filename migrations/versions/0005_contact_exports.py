"""Exports of contacts, written by a job and fetched once whole; indexes for the filters that find few of many."""

from migrations.support import drop, run, tenant_table

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE contact_exports (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    format text NOT NULL CHECK (format IN ('xlsx', 'csv')),
    filters jsonb NOT NULL DEFAULT '{}',
    status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'running', 'completed', 'failed')),
    total integer NOT NULL DEFAULT 0,
    storage_key text,
    created_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    completed_at timestamptz,
    UNIQUE (tenant_id, id)
);
CREATE INDEX contacts_opted_out ON contacts (tenant_id, id DESC)
    WHERE opted_out_at IS NOT NULL AND merged_into IS NULL AND deleted_at IS NULL;
CREATE INDEX contacts_opted_in ON contacts (tenant_id, id DESC)
    WHERE opted_in_at IS NOT NULL AND opted_out_at IS NULL AND merged_into IS NULL AND deleted_at IS NULL;
CREATE INDEX contacts_blocked ON contacts (tenant_id, id DESC)
    WHERE is_blocked IS true AND merged_into IS NULL AND deleted_at IS NULL;
"""


def upgrade() -> None:
    run(TABLES)
    tenant_table("contact_exports")


def downgrade() -> None:
    drop("contacts_opted_out", "contacts_opted_in", "contacts_blocked", kind="INDEX")
    drop("contact_exports")
