"""What speaking costs and how often it was spoken before, among the figures of the server."""

from migrations.support import run

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

HERE = "UNION ALL SELECT 'database_bytes'"
VOICE = """UNION ALL SELECT 'voice_usd_this_month', m.provider, sum(m.cost_usd)::float8 FROM tts_metrics m
        WHERE m.day >= date_trunc('month', current_date) GROUP BY m.provider
    UNION ALL SELECT 'voice_requests_this_month', CASE WHEN m.cached THEN 'cached' ELSE 'made' END, sum(m.requests)::float8
        FROM tts_metrics m WHERE m.day >= date_trunc('month', current_date) GROUP BY m.cached
    """


def _replace(before: str, after: str) -> None:
    run(
        f"DO $do$ BEGIN EXECUTE replace(pg_get_functiondef('system_figures()'::regprocedure), $a${before}$a$, $b${after}$b$); END $do$"
    )


def upgrade() -> None:
    _replace(HERE, VOICE + HERE)


def downgrade() -> None:
    _replace(VOICE + HERE, HERE)
