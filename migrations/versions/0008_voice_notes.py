"""Recordings of the browser's microphone, until a worker has written the voice note; what a player draws of a sound."""

from migrations.support import run

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

UP = """
ALTER TABLE media DROP CONSTRAINT media_kind_check,
    ADD CONSTRAINT media_kind_check
        CHECK (kind IN ('image', 'video', 'audio', 'voice', 'document', 'sticker', 'recording')),
    ADD COLUMN peaks smallint[],
    ADD COLUMN error text
"""
DOWN = """
UPDATE media SET kind = 'document' WHERE kind = 'recording';
ALTER TABLE media DROP CONSTRAINT media_kind_check,
    ADD CONSTRAINT media_kind_check CHECK (kind IN ('image', 'video', 'audio', 'voice', 'document', 'sticker')),
    DROP COLUMN peaks,
    DROP COLUMN error
"""


def upgrade() -> None:
    run(UP)


def downgrade() -> None:
    run(DOWN)
