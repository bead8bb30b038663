"""Voice: configurations, the audio cache, what it costs, the pronunciation dictionary, and spoken campaigns."""

from migrations.support import drop, run, tenant_table

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE tts_accounts (
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    provider text NOT NULL CHECK (provider IN ('google', 'amazon', 'azure', 'local')),
    credentials bytea,
    state text NOT NULL DEFAULT 'untested' CHECK (state IN ('untested', 'testing', 'ok', 'failed')),
    problem text,
    tested_at timestamptz,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, provider)
);
CREATE TABLE tts_voices (
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    provider text NOT NULL,
    language text NOT NULL,
    voices jsonb NOT NULL DEFAULT '[]',
    problem text,
    fetched_at timestamptz,
    PRIMARY KEY (tenant_id, provider, language)
);
CREATE TABLE tts_configs (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    name text NOT NULL CHECK (name <> ''),
    provider text NOT NULL CHECK (provider IN ('google', 'amazon', 'azure', 'local')),
    voice_id text NOT NULL CHECK (voice_id <> ''),
    voice_class text NOT NULL DEFAULT 'standard',
    language_code text NOT NULL DEFAULT 'pt-BR',
    speaking_rate double precision NOT NULL DEFAULT 1 CHECK (speaking_rate BETWEEN 0.25 AND 4),
    pitch double precision NOT NULL DEFAULT 0 CHECK (pitch BETWEEN -20 AND 20),
    volume double precision NOT NULL DEFAULT 0 CHECK (volume BETWEEN -96 AND 16),
    ssml_settings jsonb NOT NULL DEFAULT '{}',
    speaks_in_parts boolean NOT NULL DEFAULT true,
    fallback_id uuid,
    is_default boolean NOT NULL DEFAULT false,
    is_active boolean NOT NULL DEFAULT true,
    deleted_at timestamptz,
    created_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (tenant_id, id),
    FOREIGN KEY (tenant_id, fallback_id) REFERENCES tts_configs (tenant_id, id)
);
CREATE UNIQUE INDEX tts_configs_default ON tts_configs (tenant_id) WHERE is_default AND deleted_at IS NULL;
CREATE TABLE tts_pronunciations (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    word text NOT NULL CHECK (word <> ''),
    spoken text NOT NULL CHECK (spoken <> ''),
    created_by uuid,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX tts_pronunciations_word ON tts_pronunciations (tenant_id, lower(word));
CREATE TABLE tts_audio_cache (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    key text NOT NULL,
    kind text NOT NULL DEFAULT 'audio' CHECK (kind IN ('audio', 'part')),
    recipe jsonb NOT NULL,
    state text NOT NULL DEFAULT 'wanted' CHECK (state IN ('wanted', 'making', 'ready', 'failed')),
    owner text,
    lease timestamptz,
    error_code text,
    error_detail text,
    stand_in uuid,
    version integer NOT NULL DEFAULT 0,
    path text,
    media_id uuid,
    characters integer NOT NULL DEFAULT 0,
    duration double precision NOT NULL DEFAULT 0,
    path_bytes bigint NOT NULL DEFAULT 0,
    voice_bytes bigint NOT NULL DEFAULT 0,
    usage_count bigint NOT NULL DEFAULT 0,
    last_used timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL DEFAULT now() + interval '30 days',
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (tenant_id, key),
    UNIQUE (tenant_id, id)
) WITH (fillfactor = 80);
CREATE INDEX tts_audio_cache_used ON tts_audio_cache (tenant_id, last_used);
CREATE INDEX tts_audio_cache_expiry ON tts_audio_cache (tenant_id, expires_at);
CREATE INDEX tts_audio_cache_media ON tts_audio_cache (media_id) WHERE media_id IS NOT NULL;
CREATE TABLE tts_metrics (
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    day date NOT NULL,
    campaign_id uuid,
    provider text NOT NULL,
    voice_class text NOT NULL,
    cached boolean NOT NULL,
    requests bigint NOT NULL DEFAULT 0,
    characters bigint NOT NULL DEFAULT 0,
    billed bigint NOT NULL DEFAULT 0,
    duration double precision NOT NULL DEFAULT 0,
    cost_usd numeric(16, 8) NOT NULL DEFAULT 0,
    UNIQUE NULLS NOT DISTINCT (tenant_id, day, campaign_id, provider, voice_class, cached)
);
CREATE INDEX tts_metrics_campaign ON tts_metrics (campaign_id) WHERE campaign_id IS NOT NULL;
CREATE TABLE tts_budgets (
    tenant_id uuid PRIMARY KEY REFERENCES tenants (id),
    monthly_usd numeric(12, 2),
    month date NOT NULL,
    spent_usd numeric(16, 8) NOT NULL DEFAULT 0,
    is_lifted boolean NOT NULL DEFAULT false,
    told integer NOT NULL DEFAULT 0,
    told_rate_on date
);
CREATE TABLE campaign_speech (
    campaign_id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL,
    in_parts boolean,
    settings jsonb,
    owner text,
    lease timestamptz,
    waits_for text,
    waits_until timestamptz,
    tries integer NOT NULL DEFAULT 0,
    estimate jsonb,
    estimate_of text,
    FOREIGN KEY (tenant_id, campaign_id) REFERENCES campaigns (tenant_id, id) ON DELETE CASCADE
);
"""
# A voice note that is still being made is held: no claim takes it. What is held stands behind what is ready.
INDEXES = """
CREATE INDEX outbox_held ON outbox (campaign_id, instance_id, send_after, message_id) WHERE held IS NOT NULL;
"""
CONFIG_OF_CAMPAIGN = """
UPDATE campaigns SET tts_config_id = NULL WHERE tts_config_id IS NOT NULL;
ALTER TABLE campaigns ADD CONSTRAINT campaigns_tts_config FOREIGN KEY (tenant_id, tts_config_id)
    REFERENCES tts_configs (tenant_id, id);
"""
NAMES = (
    "tts_accounts", "tts_voices", "tts_configs", "tts_pronunciations", "tts_audio_cache", "tts_metrics", "tts_budgets",
    "campaign_speech",
)  # fmt: skip


def upgrade() -> None:
    run(TABLES)
    for name in NAMES:
        tenant_table(name)
    run(CONFIG_OF_CAMPAIGN)
    run(INDEXES)


def downgrade() -> None:
    run("ALTER TABLE campaigns DROP CONSTRAINT campaigns_tts_config")
    run("DROP INDEX outbox_held")
    drop(*reversed(NAMES))
