"""Messages of conversations that search does not know yet, for the job that fills them in by batches."""

from migrations.support import drop, run

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run(
        "CREATE INDEX messages_unsearched ON messages (id)"
        " WHERE search IS NULL AND ticket_id IS NOT NULL AND body <> ''"
    )


def downgrade() -> None:
    drop("messages_unsearched", kind="INDEX")
