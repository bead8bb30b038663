"""Letters, one-time links, second factors, known devices, identities elsewhere, suspension, exports of the audit log."""

from migrations.support import definer, drop, run, tenant_table

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

TABLES = """
-- What a letter says is sealed: links in it open accounts. Its company may be none (somebody who has no account yet).
CREATE TABLE mails (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL,
    kind text NOT NULL,
    payload bytea,
    status text NOT NULL DEFAULT 'queued' CHECK (status IN ('queued', 'sending', 'sent', 'failed')),
    attempts integer NOT NULL DEFAULT 0,
    due_at timestamptz NOT NULL DEFAULT now(),
    error text,
    created_at timestamptz NOT NULL DEFAULT now(),
    sent_at timestamptz
);
CREATE INDEX mails_due ON mails (tenant_id, due_at) WHERE status IN ('queued', 'sending');
CREATE TABLE one_time_links (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL,
    user_id uuid NOT NULL,
    purpose text NOT NULL CHECK (purpose IN ('reset', 'invite')),
    token_hash bytea NOT NULL UNIQUE,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX one_time_links_user ON one_time_links (user_id);
CREATE TABLE known_devices (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL,
    user_id uuid NOT NULL,
    device_hash bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    last_seen_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (user_id, device_hash),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
);
CREATE TABLE identities (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL,
    user_id uuid NOT NULL,
    provider text NOT NULL CHECK (provider IN ('google', 'facebook')),
    subject text NOT NULL,
    email text,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (provider, subject),
    UNIQUE (user_id, provider),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
);
CREATE TABLE audit_exports (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    created_by uuid,
    filters jsonb NOT NULL DEFAULT '{}',
    status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'running', 'completed')),
    storage_key text,
    total integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    completed_at timestamptz
);
CREATE INDEX audit_exports_tenant ON audit_exports (tenant_id, id DESC);
ALTER TABLE users ADD COLUMN totp_pending bytea, ADD COLUMN totp_step bigint, ADD COLUMN recovery_codes bytea;
ALTER TABLE sessions ADD COLUMN confirmed_at timestamptz;
ALTER TABLE tenants ADD COLUMN suspended_at timestamptz, ADD COLUMN suspended_reason text;
CREATE INDEX audit_logs_user ON audit_logs (tenant_id, user_id, id DESC);
CREATE INDEX audit_logs_action ON audit_logs (tenant_id, action, id DESC);
"""

SIGN_IN = """
BEGIN
    RETURN QUERY SELECT u.id, u.tenant_id, u.password_hash, u.is_active, t.is_active, t.suspended_reason,
        u.totp_secret IS NOT NULL
    FROM users u JOIN tenants t ON t.id = u.tenant_id WHERE u.email = lower(wanted_email);
END
"""
OLD_SIGN_IN = """
BEGIN
    RETURN QUERY SELECT u.id, u.tenant_id, u.password_hash, u.is_active AND t.is_active, u.totp_secret IS NOT NULL
    FROM users u JOIN tenants t ON t.id = u.tenant_id WHERE u.email = lower(wanted_email);
END
"""
SESSION = """
BEGIN
    RETURN QUERY SELECT s.id, s.tenant_id, s.user_id, s.last_seen_at, s.confirmed_at
    FROM sessions s JOIN users u ON u.id = s.user_id JOIN tenants t ON t.id = s.tenant_id
    WHERE s.token_hash = wanted AND s.revoked_at IS NULL AND s.expires_at > now() AND u.is_active AND t.is_active;
END
"""
OLD_SESSION = """
BEGIN
    RETURN QUERY SELECT s.id, s.tenant_id, s.user_id, s.last_seen_at
    FROM sessions s JOIN users u ON u.id = s.user_id JOIN tenants t ON t.id = s.tenant_id
    WHERE s.token_hash = wanted AND s.revoked_at IS NULL AND s.expires_at > now() AND u.is_active AND t.is_active;
END
"""
LINK = """
BEGIN
    RETURN QUERY SELECT l.id, l.tenant_id, l.user_id, l.purpose, u.email, u.name, t.name
    FROM one_time_links l JOIN users u ON u.id = l.user_id JOIN tenants t ON t.id = l.tenant_id
    WHERE l.token_hash = wanted AND l.used_at IS NULL AND l.expires_at > now() AND u.is_active AND t.is_active;
END
"""
IDENTITY = """
BEGIN
    RETURN QUERY SELECT i.user_id, i.tenant_id FROM identities i
    WHERE i.provider = wanted_provider AND i.subject = wanted_subject;
END
"""
ALL_TENANTS = """
BEGIN
    RETURN QUERY SELECT t.id, t.name, t.is_active, t.suspended_reason, t.created_at FROM tenants t ORDER BY t.id;
END
"""
# Of the company that asks, in small batches, and never what is younger than a month.
PURGE_AUDIT = """
DECLARE
    gone integer;
BEGIN
    DELETE FROM audit_logs WHERE id = ANY (ARRAY(
        SELECT a.id FROM audit_logs a
        WHERE a.tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid
          AND a.id < uuid7_bound(now() - make_interval(days => greatest(keep_days, 30)))
        ORDER BY a.id LIMIT 5000));
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
END
"""


def upgrade() -> None:
    run(TABLES)
    for name in ("mails", "one_time_links", "known_devices", "identities", "audit_exports"):
        tenant_table(name)
    drop("find_sign_in(text)", "find_session(bytea)", kind="FUNCTION")
    definer(
        "find_sign_in(wanted_email text)",
        "TABLE (user_id uuid, tenant_id uuid, password_hash text, is_active boolean, tenant_active boolean, "
        "suspended_reason text, has_totp boolean)",
        SIGN_IN,
        volatility="STABLE",
    )
    definer(
        "find_session(wanted bytea)",
        "TABLE (session_id uuid, tenant_id uuid, user_id uuid, last_seen_at timestamptz, confirmed_at timestamptz)",
        SESSION,
        volatility="STABLE",
    )
    definer(
        "find_one_time_link(wanted bytea)",
        "TABLE (link_id uuid, tenant_id uuid, user_id uuid, purpose text, email text, name text, tenant_name text)",
        LINK,
        volatility="STABLE",
    )
    definer(
        "find_identity(wanted_provider text, wanted_subject text)",
        "TABLE (user_id uuid, tenant_id uuid)",
        IDENTITY,
        volatility="STABLE",
    )
    definer(
        "all_tenants()",
        "TABLE (id uuid, name text, is_active boolean, suspended_reason text, created_at timestamptz)",
        ALL_TENANTS,
        volatility="STABLE",
    )
    definer("purge_audit(keep_days integer)", "integer", PURGE_AUDIT)


def downgrade() -> None:
    for signature in (
        "purge_audit(integer)",
        "all_tenants()",
        "find_identity(text, text)",
        "find_one_time_link(bytea)",
        "find_session(bytea)",
        "find_sign_in(text)",
    ):
        drop(signature, kind="FUNCTION")
    definer(
        "find_sign_in(wanted_email text)",
        "TABLE (user_id uuid, tenant_id uuid, password_hash text, is_active boolean, has_totp boolean)",
        OLD_SIGN_IN,
        volatility="STABLE",
    )
    definer(
        "find_session(wanted bytea)",
        "TABLE (session_id uuid, tenant_id uuid, user_id uuid, last_seen_at timestamptz)",
        OLD_SESSION,
        volatility="STABLE",
    )
    drop("audit_exports", "identities", "known_devices", "one_time_links", "mails")
    run("DROP INDEX audit_logs_action; DROP INDEX audit_logs_user")
    run("ALTER TABLE tenants DROP COLUMN suspended_at, DROP COLUMN suspended_reason")
    run("ALTER TABLE sessions DROP COLUMN confirmed_at")
    run("ALTER TABLE users DROP COLUMN totp_pending, DROP COLUMN totp_step, DROP COLUMN recovery_codes")
