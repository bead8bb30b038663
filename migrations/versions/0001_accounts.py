"""Companies, people, their sessions and tokens, the audit log and the facts."""

from migrations.support import definer, drop, partitioned, run, tenant_table

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE tenants (
    id uuid PRIMARY KEY,
    name text NOT NULL CHECK (name <> ''),
    slug text NOT NULL UNIQUE,
    timezone text NOT NULL DEFAULT 'America/Sao_Paulo',
    locale text NOT NULL DEFAULT 'pt_BR' CHECK (locale IN ('pt_BR', 'en')),
    region text NOT NULL DEFAULT 'BR',
    area_code text,
    settings jsonb NOT NULL DEFAULT '{}',
    is_active boolean NOT NULL DEFAULT true,
    safe_mode boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE users (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    email text NOT NULL UNIQUE CHECK (email = lower(email)),
    password_hash text,
    name text NOT NULL,
    avatar text,
    role text NOT NULL CHECK (role IN ('admin', 'manager', 'agent', 'viewer', 'developer')),
    permissions jsonb NOT NULL DEFAULT '[]',
    max_tickets integer CHECK (max_tickets >= 0),
    is_active boolean NOT NULL DEFAULT true,
    locale text NOT NULL DEFAULT 'pt_BR' CHECK (locale IN ('pt_BR', 'en')),
    theme text NOT NULL DEFAULT 'auto' CHECK (theme IN ('auto', 'light', 'dark')),
    totp_secret bytea,
    email_verified_at timestamptz,
    last_login_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (tenant_id, id)
);
CREATE TABLE sessions (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL,
    user_id uuid NOT NULL,
    token_hash bytea NOT NULL UNIQUE,
    user_agent text,
    ip text,
    created_at timestamptz NOT NULL DEFAULT now(),
    last_seen_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX sessions_user ON sessions (user_id);
CREATE TABLE api_tokens (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL,
    user_id uuid NOT NULL,
    name text NOT NULL,
    token_hash bytea NOT NULL UNIQUE,
    prefix text NOT NULL,
    scopes jsonb,
    last_used_at timestamptz,
    expires_at timestamptz,
    revoked_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
);
CREATE TABLE refresh_tokens (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL,
    user_id uuid NOT NULL,
    family_id uuid NOT NULL,
    token_hash bytea NOT NULL UNIQUE,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    revoked_at timestamptz,
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX refresh_tokens_family ON refresh_tokens (family_id);
CREATE TABLE idempotency_keys (
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    actor text NOT NULL,
    key text NOT NULL,
    request_hash bytea NOT NULL,
    status integer,
    response jsonb,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, actor, key)
);
CREATE TABLE audit_logs (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL,
    user_id uuid,
    source text NOT NULL,
    action text NOT NULL,
    resource_type text NOT NULL,
    resource_id uuid,
    changes jsonb NOT NULL DEFAULT '{}',
    ip text,
    user_agent text,
    created_at timestamptz NOT NULL DEFAULT now()
) PARTITION BY RANGE (id);
CREATE INDEX audit_logs_tenant ON audit_logs (tenant_id, id DESC);
CREATE INDEX audit_logs_resource ON audit_logs (tenant_id, resource_type, resource_id, id DESC);
CREATE TABLE facts (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL,
    name text NOT NULL,
    payload jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE counters (
    tenant_id uuid NOT NULL,
    name text NOT NULL,
    value bigint NOT NULL
);
CREATE INDEX counters_name ON counters (tenant_id, name);
"""

# The bounds of a month are the smallest UUIDv7 of its first millisecond.
MONTHS = """
CREATE FUNCTION uuid7_bound(at timestamptz) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '00000000000000000000')::uuid
$$;
CREATE FUNCTION make_month_partitions(parent text, from_day date, months integer) RETURNS integer
LANGUAGE plpgsql AS $$
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
END $$;
REVOKE ALL ON FUNCTION make_month_partitions(text, date, integer) FROM PUBLIC;
"""

SIGN_IN = """
BEGIN
    RETURN QUERY SELECT u.id, u.tenant_id, u.password_hash, u.is_active AND t.is_active, u.totp_secret IS NOT NULL
    FROM users u JOIN tenants t ON t.id = u.tenant_id WHERE u.email = lower(wanted_email);
END
"""
SESSION = """
BEGIN
    RETURN QUERY SELECT s.id, s.tenant_id, s.user_id, s.last_seen_at
    FROM sessions s JOIN users u ON u.id = s.user_id JOIN tenants t ON t.id = s.tenant_id
    WHERE s.token_hash = wanted AND s.revoked_at IS NULL AND s.expires_at > now() AND u.is_active AND t.is_active;
END
"""
API_TOKEN = """
BEGIN
    RETURN QUERY SELECT a.id, a.tenant_id, a.user_id, a.scopes, a.last_used_at
    FROM api_tokens a JOIN users u ON u.id = a.user_id JOIN tenants t ON t.id = a.tenant_id
    WHERE a.token_hash = wanted AND a.revoked_at IS NULL AND (a.expires_at IS NULL OR a.expires_at > now())
      AND u.is_active AND t.is_active;
END
"""
REFRESH = """
BEGIN
    RETURN QUERY SELECT r.id, r.tenant_id, r.user_id, r.family_id, r.expires_at, r.used_at, r.revoked_at
    FROM refresh_tokens r JOIN users u ON u.id = r.user_id JOIN tenants t ON t.id = r.tenant_id
    WHERE r.token_hash = wanted AND u.is_active AND t.is_active;
END
"""
TENANTS = """
BEGIN
    RETURN QUERY SELECT t.id FROM tenants t WHERE t.is_active ORDER BY t.id;
END
"""
# The very first admin and, later, registration: a company cannot be made from inside another one.
CREATE_TENANT = """
BEGIN
    INSERT INTO tenants (id, name, slug) VALUES (new_id, new_name, new_slug);
END
"""
COMPACT = """
DECLARE
    folded integer;
BEGIN
    LOCK TABLE counters IN SHARE ROW EXCLUSIVE MODE;
    WITH gone AS (DELETE FROM counters RETURNING tenant_id, name, value)
    INSERT INTO counters (tenant_id, name, value)
    SELECT tenant_id, name, sum(value) FROM gone GROUP BY tenant_id, name;
    GET DIAGNOSTICS folded = ROW_COUNT;
    RETURN folded;
END
"""


def upgrade() -> None:
    run(TABLES)
    run(MONTHS)
    tenant_table("tenants", column="id", rights="SELECT, UPDATE")
    for name in ("users", "sessions", "api_tokens", "refresh_tokens", "idempotency_keys", "facts"):
        tenant_table(name)
    tenant_table("counters", rights="SELECT, INSERT")
    tenant_table("audit_logs", rights="SELECT, INSERT")
    partitioned("audit_logs")
    definer(
        "find_sign_in(wanted_email text)",
        "TABLE (user_id uuid, tenant_id uuid, password_hash text, is_active boolean, has_totp boolean)",
        SIGN_IN,
        volatility="STABLE",
    )
    definer(
        "find_session(wanted bytea)",
        "TABLE (session_id uuid, tenant_id uuid, user_id uuid, last_seen_at timestamptz)",
        SESSION,
        volatility="STABLE",
    )
    definer(
        "find_api_token(wanted bytea)",
        "TABLE (token_id uuid, tenant_id uuid, user_id uuid, scopes jsonb, last_used_at timestamptz)",
        API_TOKEN,
        volatility="STABLE",
    )
    definer(
        "find_refresh_token(wanted bytea)",
        "TABLE (token_id uuid, tenant_id uuid, user_id uuid, family_id uuid, expires_at timestamptz, "
        "used_at timestamptz, revoked_at timestamptz)",
        REFRESH,
        volatility="STABLE",
    )
    definer("active_tenants()", "SETOF uuid", TENANTS, volatility="STABLE")
    definer("create_tenant(new_id uuid, new_name text, new_slug text)", "void", CREATE_TENANT)
    definer("compact_counters()", "integer", COMPACT)


def downgrade() -> None:
    for signature in (
        "compact_counters()",
        "create_tenant(uuid, text, text)",
        "active_tenants()",
        "find_refresh_token(bytea)",
        "find_api_token(bytea)",
        "find_session(bytea)",
        "find_sign_in(text)",
    ):
        drop(signature, kind="FUNCTION")
    drop(
        "counters",
        "facts",
        "audit_logs",
        "idempotency_keys",
        "refresh_tokens",
        "api_tokens",
        "sessions",
        "users",
        "tenants",
    )
    drop("make_month_partitions(text, date, integer)", "uuid7_bound(timestamptz)", kind="FUNCTION")
