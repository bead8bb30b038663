"""A person's addresses by index, whatever the statistics say.

With the company in it the index is the obvious one even for tables nobody analysed yet: without it the launch right after
the first import read all addresses again for each person. Made beside the work that goes on, so outside a transaction.
"""

from alembic import op

from migrations.support import run

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        run("DROP INDEX CONCURRENTLY IF EXISTS contact_identities_person")  # left unfinished by a try before
        run("CREATE INDEX CONCURRENTLY contact_identities_person ON contact_identities (contact_id, tenant_id)")
        run("DROP INDEX CONCURRENTLY IF EXISTS contact_identities_contact")


def downgrade() -> None:
    with op.get_context().autocommit_block():
        run("CREATE INDEX CONCURRENTLY IF NOT EXISTS contact_identities_contact ON contact_identities (contact_id)")
        run("DROP INDEX CONCURRENTLY IF EXISTS contact_identities_person")
