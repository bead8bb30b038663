"""In safe mode (a restored copy, the operator's brake) nobody else's system is called either; what happens waits."""

from migrations.support import run

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

FUNCTIONS = ("webhook_claim(text, double precision, integer, integer)", "webhook_waiting()")
BEFORE, AFTER = "ON t.id = h.tenant_id AND t.is_active", "ON t.id = h.tenant_id AND NOT t.safe_mode AND t.is_active"


def _replace(before: str, after: str) -> None:
    for name in FUNCTIONS:
        run(f"DO $$ BEGIN EXECUTE replace(pg_get_functiondef('{name}'::regprocedure), '{before}', '{after}'); END $$")


def upgrade() -> None:
    _replace(BEFORE, AFTER)


def downgrade() -> None:
    _replace(AFTER, BEFORE)
