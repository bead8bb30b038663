"""A lane of its own for what systems send with low priority: among the campaigns, one in two of their turns."""

from migrations.support import run

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

PICK = "outbox_pick(text, double precision)"
CLAIM = "outbox_claim(text, uuid, double precision, integer, integer, double precision, double precision, boolean)"
WAITING = "outbox_waiting()"
_PROBE = """found_id := next_in_lane(of_instance, 3::smallint, NULL, open_s);
{pad}chosen_lane := 3;"""
_FIRST_DUE = """(SELECT o.send_after FROM outbox o WHERE o.instance_id = p.instance_id AND o.state = 'queued' AND o.lane = {lane}
                AND o.held IS NULL ORDER BY o.send_after LIMIT 1),"""

# Function, before, after; each must be found.
CHANGES = (
    (PICK, "AND o.lane = 1\n", "AND o.lane IN (1, 3)\n"),
    (WAITING, _FIRST_DUE.format(lane=1), _FIRST_DUE.format(lane=1) + "\n            " + _FIRST_DUE.format(lane=3)),
    (CLAIM, "    vnow double precision;\n", "    vnow double precision;\n    low_first boolean;\n"),
    (
        CLAIM,
        "SELECT p.normal_turns, p.vclock INTO turns, vnow FROM",
        "SELECT p.normal_turns, p.vclock, p.low_next INTO turns, vnow, low_first FROM",
    ),
    (
        CLAIM,
        "            IF found_id IS NULL THEN\n                FOR lane_row",
        "            IF found_id IS NULL AND low_first THEN\n                "
        + _PROBE.format(pad=" " * 16)
        + "\n            END IF;\n            IF found_id IS NULL THEN\n                FOR lane_row",
    ),
    (
        CLAIM,
        "                chosen_lane := 2;\n            END IF;",
        "                chosen_lane := 2;\n                IF found_id IS NULL AND NOT low_first THEN\n                    "
        + _PROBE.format(pad=" " * 20)
        + "\n                END IF;\n            END IF;",
    ),
    (
        CLAIM,
        "            turns := CASE WHEN chosen_lane = 1 ",
        "            IF found_id IS NOT NULL AND chosen_lane > 1 THEN low_first := chosen_lane = 2; END IF;\n"
        "            turns := CASE WHEN chosen_lane = 1 ",
    ),
    (
        CLAIM,
        "SET normal_turns = turns, vclock = vnow\n",
        "SET normal_turns = turns, vclock = vnow, low_next = low_first\n",
    ),
    (CLAIM, "OR p.vclock <> vnow);", "OR p.vclock <> vnow OR p.low_next <> low_first);"),
)


def _replace(function: str, before: str, after: str) -> None:
    run(f"""DO $do$ DECLARE said text := pg_get_functiondef('{function}'::regprocedure); BEGIN
        IF position($a${before}$a$ IN said) = 0 THEN RAISE EXCEPTION '{function.partition("(")[0]} is not what it was'; END IF;
        EXECUTE replace(said, $a${before}$a$, $b${after}$b$); END $do$""")


def upgrade() -> None:
    run("ALTER TABLE instance_pace ADD COLUMN low_next boolean NOT NULL DEFAULT false")
    run(
        "ALTER TABLE outbox DROP CONSTRAINT outbox_lane_check, ADD CONSTRAINT outbox_lane_check CHECK (lane BETWEEN 0 AND 3)"
    )
    for change in CHANGES:
        _replace(*change)


def downgrade() -> None:
    for function, before, after in reversed(CHANGES):
        _replace(function, after, before)
    run("UPDATE outbox SET lane = 1 WHERE lane = 3")
    run(
        "ALTER TABLE outbox DROP CONSTRAINT outbox_lane_check, ADD CONSTRAINT outbox_lane_check CHECK (lane IN (0, 1, 2))"
    )
    run("ALTER TABLE instance_pace DROP COLUMN low_next")
