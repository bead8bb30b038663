"""A month whose rows already lie in the DEFAULT partition is made all the same: they move into it."""

from migrations.support import run

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

# A partition cannot be made over rows that the DEFAULT one holds. More than MOST are left to a person at a quiet hour:
# nobody writes to the DEFAULT partition while they move.
MOST = 200_000
BODY = f"""
DECLARE
    first date := date_trunc('month', from_day)::date;
    made integer := 0;
    strays bigint;
    part text;
    low uuid;
    high uuid;
BEGIN
    FOR i IN 0 .. months - 1 LOOP
        part := format('%s_%s', parent, to_char(first + make_interval(months => i), 'YYYY_MM'));
        CONTINUE WHEN to_regclass(part) IS NOT NULL;
        low := uuid7_bound((first + make_interval(months => i))::timestamp AT TIME ZONE 'utc');
        high := uuid7_bound((first + make_interval(months => i + 1))::timestamp AT TIME ZONE 'utc');
        EXECUTE format('SELECT count(*) FROM (SELECT FROM %I WHERE id >= %L AND id < %L LIMIT {MOST + 1}) x',
            parent || '_default', low, high) INTO strays;
        CONTINUE WHEN strays > {MOST};
        EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL)', part, parent);
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', part);
        IF strays > 0 THEN
            EXECUTE format('LOCK TABLE %I IN ACCESS EXCLUSIVE MODE', parent || '_default');
            EXECUTE format('WITH moved AS (DELETE FROM %I WHERE id >= %L AND id < %L RETURNING *) '
                'INSERT INTO %I SELECT * FROM moved', parent || '_default', low, high, part);
        END IF;
        EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', parent, part, low, high);
        made := made + 1;
    END LOOP;
    RETURN made;
END
"""
BEFORE = """
DECLARE
    first date := date_trunc('month', from_day)::date;
    made integer := 0;
    part text;
BEGIN
    FOR i IN 0 .. months - 1 LOOP
        part := format('%s_%s', parent, to_char(first + make_interval(months => i), 'YYYY_MM'));
        IF to_regclass(part) IS NULL THEN
            EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)', part, parent,
                uuid7_bound((first + make_interval(months => i))::timestamp AT TIME ZONE 'utc'),
                uuid7_bound((first + make_interval(months => i + 1))::timestamp AT TIME ZONE 'utc'));
            EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', part);
            made := made + 1;
        END IF;
    END LOOP;
    RETURN made;
END
"""


def _replace(body: str) -> None:
    run(
        "CREATE OR REPLACE FUNCTION make_month_partitions(parent text, from_day date, months integer) RETURNS integer "
        f"LANGUAGE plpgsql AS $body${body}$body$"
    )


def upgrade() -> None:
    _replace(BODY)


def downgrade() -> None:
    _replace(BEFORE)
