"""What was done with an API token says with which; letters to people of ours say to whom."""

from migrations.support import run

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run("ALTER TABLE audit_logs ADD COLUMN token_id uuid")
    run("ALTER TABLE mails ADD COLUMN user_id uuid")
    run("CREATE INDEX mails_user ON mails (user_id, id DESC) WHERE user_id IS NOT NULL")


def downgrade() -> None:
    run("ALTER TABLE mails DROP COLUMN user_id")
    run("ALTER TABLE audit_logs DROP COLUMN token_id")
