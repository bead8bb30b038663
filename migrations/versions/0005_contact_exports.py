"""Exports of contacts: asked for on a page or by the API, written by a job, fetched once they are whole."""

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
"""


def upgrade() -> None:
    run(TABLES)
    tenant_table("contact_exports")


def downgrade() -> None:
    drop("contact_exports")
