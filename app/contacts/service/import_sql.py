"""The statements of an import's write, in their order. `staged` holds the checked rows; `matched` adds who they are.

Parameters: tenant, import, by, now, opted_in_at, opted_in_source, group.
"""

STAGE = """
CREATE TEMP TABLE staged (
    row_number integer, contact_id uuid, key text, phone text, name text, email text, custom jsonb, others jsonb,
    tags jsonb, group_name text, repeats integer, search text
) ON COMMIT DROP
"""


# The few rows that share a phone with another, apart: folding looks at no others.
REPEATED = """
CREATE TEMP TABLE repeated ON COMMIT DROP AS
SELECT * FROM staged WHERE key IN (SELECT key FROM staged WHERE repeats IS NOT NULL)
"""


def _fold(first: str, last: str) -> str:
    """Rows that repeat a phone give their values to the first of them; `first` orders names, `last` custom fields."""
    return f"""
    WITH texts AS (
        SELECT key,
            (array_agg(name ORDER BY row_number {first}) FILTER (WHERE name <> ''))[1] AS name,
            (array_agg(search ORDER BY row_number {first}) FILTER (WHERE name <> ''))[1] AS search,
            (array_agg(email ORDER BY row_number {first}) FILTER (WHERE email <> ''))[1] AS email
        FROM repeated GROUP BY key
    ), fields AS (
        SELECT r.key, jsonb_object_agg(e.key, e.value ORDER BY r.row_number {last}) AS custom
        FROM repeated r, jsonb_each(r.custom) e GROUP BY r.key
    )
    UPDATE staged s SET name = coalesce(t.name, ''), search = coalesce(t.search, s.search),
        email = coalesce(t.email, ''), custom = coalesce(f.custom, '{{}}')
    FROM texts t LEFT JOIN fields f ON f.key = t.key
    WHERE s.key = t.key AND s.repeats IS NULL
    """


FOLD = {"fill": _fold("ASC", "DESC"), "overwrite": _fold("DESC", "ASC")}

MATCH = (
    """
    CREATE TEMP TABLE matched ON COMMIT DROP AS
    SELECT s.*, c.id AS known_id, c.id IS NULL OR c.deleted_at IS NOT NULL AS is_new
    FROM staged s
    LEFT JOIN contact_identities i ON i.tenant_id = :tenant AND i.kind = 'phone' AND i.value = s.key
    LEFT JOIN contacts c ON c.id = i.contact_id
    WHERE s.repeats IS NULL
    """,
    "UPDATE matched SET contact_id = known_id WHERE known_id IS NOT NULL",
    "ANALYZE matched (row_number, contact_id, known_id, is_new)",
)

CREATE = (
    """
    INSERT INTO contacts (id, tenant_id, name, phone, email, custom_fields, search, import_id, created_by,
        created_at, updated_at, opted_in_at, opted_in_source)
    SELECT contact_id, :tenant, name, phone, nullif(email, ''), custom, search, :import, :by, :now, :now,
        :opted_in_at, :opted_in_source
    FROM matched WHERE known_id IS NULL ORDER BY row_number
    """,
    """
    INSERT INTO contact_identities (tenant_id, kind, value, contact_id, display, created_at)
    SELECT :tenant, 'phone', key, contact_id, substr(phone, 2), :now FROM matched WHERE known_id IS NULL
    """,
    """
    INSERT INTO contact_identities (tenant_id, kind, value, contact_id, display, created_at)
    SELECT :tenant, 'phone', o ->> 0, contact_id, o ->> 1, :now
    FROM matched, jsonb_array_elements(others) o WHERE others <> '[]'
    ON CONFLICT DO NOTHING
    """,
)


def _changed(name: str, email: str, custom: str) -> str:
    """Known contacts that would differ; a deleted one comes back as the sheet says. Consent is never touched."""
    return f"""
    CREATE TEMP TABLE changed ON COMMIT DROP AS
    SELECT * FROM (
        SELECT m.row_number, c.id, m.is_new,
            CASE WHEN m.is_new AND m.name <> '' THEN m.name ELSE {name} END AS name,
            CASE WHEN m.is_new AND m.email <> '' THEN m.email ELSE {email} END AS email,
            CASE WHEN m.is_new THEN c.custom_fields || m.custom ELSE {custom} END AS custom,
            m.name AS sheet_name, m.search AS sheet_search, c.search AS old_search,
            jsonb_build_object('name', c.name, 'email', c.email, 'custom_fields', c.custom_fields,
                'search', c.search, 'deleted_at', c.deleted_at) AS before,
            c.name AS old_name, c.email AS old_email, c.custom_fields AS old_custom
        FROM matched m JOIN contacts c ON c.id = m.known_id
    ) AS wanted
    WHERE is_new OR (name, coalesce(email, ''), custom) IS DISTINCT FROM (old_name, coalesce(old_email, ''), old_custom)
    """


CHANGED = {
    "keep": _changed("c.name", "c.email", "c.custom_fields"),
    "fill": _changed(
        "CASE WHEN c.name = '' THEN m.name ELSE c.name END",
        "coalesce(c.email, nullif(m.email, ''))",
        "m.custom || c.custom_fields",
    ),
    "overwrite": _changed(
        "CASE WHEN m.name = '' THEN c.name ELSE m.name END",
        "coalesce(nullif(m.email, ''), c.email)",
        "c.custom_fields || m.custom",
    ),
}

UPDATE = (
    """
    UPDATE contacts c SET name = n.name, email = n.email, custom_fields = n.custom, deleted_at = NULL,
        updated_at = :now, search = CASE WHEN n.name = n.sheet_name THEN n.sheet_search ELSE n.old_search END
    FROM changed n WHERE c.id = n.id
    """,
)

OPT_IN = """
UPDATE contacts c SET opted_in_at = :opted_in_at, opted_in_source = :opted_in_source
FROM matched m WHERE c.id = m.known_id AND c.opted_in_at IS NULL AND c.opted_out_at IS NULL
"""

JOIN_GROUP = """
INSERT INTO group_members (tenant_id, group_id, contact_id, import_id, created_at)
SELECT :tenant, :group, contact_id, :import, :now FROM matched ON CONFLICT DO NOTHING
"""

# By the column that names them: what is missing, how to make it, how to put the contacts in.
LABELS = {
    "group": (
        """
        SELECT DISTINCT ON (lower(group_name)) group_name FROM matched m
        WHERE group_name <> '' AND NOT EXISTS (
            SELECT FROM groups g WHERE g.tenant_id = :tenant AND lower(g.name) = lower(m.group_name)) LIMIT 1000
        """,
        "INSERT INTO groups (id, tenant_id, name, created_by) VALUES (:id, :tenant, :name, :by) ON CONFLICT DO NOTHING",
        """
        INSERT INTO group_members (tenant_id, group_id, contact_id, import_id, created_at)
        SELECT DISTINCT :tenant, g.id, m.contact_id, :import, :now FROM matched m
        JOIN groups g ON g.tenant_id = :tenant AND lower(g.name) = lower(m.group_name)
        WHERE m.group_name <> '' ON CONFLICT DO NOTHING
        """,
    ),
    "tags": (
        """
        SELECT DISTINCT ON (lower(t)) t FROM matched m, jsonb_array_elements_text(tags) t
        WHERE NOT EXISTS (SELECT FROM tags g WHERE g.tenant_id = :tenant AND lower(g.name) = lower(t)) LIMIT 1000
        """,
        "INSERT INTO tags (id, tenant_id, name, created_by) VALUES (:id, :tenant, :name, :by) ON CONFLICT DO NOTHING",
        """
        INSERT INTO contact_tags (tenant_id, contact_id, tag_id)
        SELECT DISTINCT :tenant, m.contact_id, g.id FROM matched m, jsonb_array_elements_text(m.tags) t
        JOIN tags g ON g.tenant_id = :tenant AND lower(g.name) = lower(t)
        WHERE m.tags <> '[]' ON CONFLICT DO NOTHING
        """,
    ),
}

BEFORE = """
INSERT INTO import_rows (tenant_id, import_id, row_number, contact_id, outcome, before)
SELECT :tenant, :import, row_number, id, CASE WHEN is_new THEN 'created' ELSE 'updated' END, before FROM changed
ON CONFLICT (import_id, row_number) DO UPDATE
    SET contact_id = excluded.contact_id, outcome = excluded.outcome, before = excluded.before
"""

TROUBLED = """
UPDATE import_rows r SET contact_id = m.contact_id,
    outcome = CASE WHEN m.known_id IS NULL THEN 'created' ELSE r.outcome END
FROM matched m WHERE r.import_id = :import AND r.row_number = m.row_number
"""

# A sheet that is a campaign's audience: who each row is, also those that changed nothing.
AUDIENCE = """
INSERT INTO import_rows (tenant_id, import_id, row_number, contact_id, outcome)
SELECT :tenant, :import, row_number, contact_id, CASE WHEN is_new THEN 'created' ELSE 'unchanged' END FROM matched
ON CONFLICT (import_id, row_number) DO UPDATE SET contact_id = excluded.contact_id
"""

OUTCOMES = """
SELECT s.row_number, CASE
    WHEN s.repeats IS NOT NULL THEN 'duplicate'
    WHEN m.is_new THEN 'created'
    WHEN n.id IS NOT NULL THEN 'updated'
    ELSE 'unchanged' END
FROM staged s LEFT JOIN matched m ON m.row_number = s.row_number LEFT JOIN changed n ON n.row_number = s.row_number
ORDER BY s.row_number
"""

COUNTS = """
SELECT count(*) FILTER (WHERE m.is_new) AS created,
    count(*) FILTER (WHERE NOT m.is_new AND n.id IS NOT NULL) AS updated,
    count(*) FILTER (WHERE NOT m.is_new AND n.id IS NULL) AS unchanged
FROM matched m LEFT JOIN changed n ON n.row_number = m.row_number
"""

UNDO = (
    # Contacts that nobody touched since: the import's own moment is still on them.
    """
    UPDATE contacts SET deleted_at = :now
    WHERE tenant_id = :tenant AND import_id = :import AND deleted_at IS NULL AND merged_into IS NULL
      AND updated_at = :written_at AND last_message_at IS NULL
    """,
    """
    UPDATE contacts c SET name = r.before ->> 'name', email = r.before ->> 'email',
        custom_fields = r.before -> 'custom_fields', search = r.before ->> 'search', updated_at = :now,
        deleted_at = CASE WHEN c.last_message_at IS NULL THEN (r.before ->> 'deleted_at')::timestamptz END
    FROM import_rows r
    WHERE r.import_id = :import AND r.before IS NOT NULL AND c.id = r.contact_id AND c.tenant_id = :tenant
      AND c.updated_at = :written_at
    """,
    "DELETE FROM group_members WHERE tenant_id = :tenant AND import_id = :import",
)

KEPT = """
SELECT count(*) FROM contacts
WHERE tenant_id = :tenant AND import_id = :import AND deleted_at IS NULL AND merged_into IS NULL
"""
