"""Campaigns and the send queue: the outbox, each number's pace, each campaign's lane, and the four steps."""

from migrations.support import definer, drop, run, tenant_table

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

CAMPAIGNS = """
CREATE TABLE campaigns (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    name text NOT NULL CHECK (name <> ''),
    description text NOT NULL DEFAULT '',
    status text NOT NULL DEFAULT 'draft'
        CHECK (status IN ('draft', 'scheduled', 'sending', 'paused', 'completed', 'cancelled', 'failed')),
    status_reason text,
    message text NOT NULL DEFAULT '',
    variations jsonb NOT NULL DEFAULT '[]',
    media_id uuid,
    media_url text,
    template_id uuid,
    tts_config_id uuid,
    audience jsonb NOT NULL DEFAULT '{}',
    settings jsonb NOT NULL DEFAULT '{}',
    import_id uuid,
    parent_id uuid,
    total integer NOT NULL DEFAULT 0,
    excluded jsonb NOT NULL DEFAULT '{}',
    estimated_recipients integer,
    scheduled_at timestamptz,
    started_at timestamptz,
    completed_at timestamptz,
    created_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (tenant_id, id),
    FOREIGN KEY (tenant_id, media_id) REFERENCES media (tenant_id, id),
    FOREIGN KEY (tenant_id, template_id) REFERENCES templates (tenant_id, id),
    FOREIGN KEY (tenant_id, import_id) REFERENCES imports (tenant_id, id)
);
CREATE INDEX campaigns_recent ON campaigns (tenant_id, id DESC);
CREATE INDEX campaigns_due ON campaigns (scheduled_at) WHERE status = 'scheduled';
CREATE TABLE campaign_instances (
    campaign_id uuid NOT NULL,
    instance_id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    PRIMARY KEY (campaign_id, instance_id),
    FOREIGN KEY (tenant_id, campaign_id) REFERENCES campaigns (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, instance_id) REFERENCES instances (tenant_id, id)
);
CREATE TABLE campaign_recipients (
    campaign_id uuid NOT NULL,
    recipient_key text NOT NULL,
    tenant_id uuid NOT NULL,
    contact_id uuid NOT NULL,
    message_id uuid,
    skip_reason text,
    PRIMARY KEY (campaign_id, recipient_key)
);
CREATE INDEX campaign_recipients_contact ON campaign_recipients (contact_id);
"""

# A lane is a campaign's place on a number: `vtime` shares the number fairly, `is_open` is the campaign's brake.
QUEUE = """
CREATE TABLE instance_pace (
    instance_id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL,
    driver text,
    driver_lease timestamptz,
    high_at timestamptz NOT NULL DEFAULT '-infinity',
    next_at timestamptz NOT NULL DEFAULT '-infinity',
    batch_goes integer NOT NULL DEFAULT 0,
    day date,
    day_goes integer NOT NULL DEFAULT 0,
    normal_turns integer NOT NULL DEFAULT 0,
    hold text,
    hold_detail text,
    held_at timestamptz,
    probe_at timestamptz,
    probe_tries integer NOT NULL DEFAULT 0,
    recent text NOT NULL DEFAULT '',
    error_run integer NOT NULL DEFAULT 0,
    unacked integer NOT NULL DEFAULT 0,
    unacked_since timestamptz,
    first_go_at timestamptz,
    last_go_at timestamptz,
    FOREIGN KEY (tenant_id, instance_id) REFERENCES instances (tenant_id, id) ON DELETE CASCADE
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 500);
CREATE TABLE send_lanes (
    campaign_id uuid NOT NULL,
    instance_id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    is_open boolean NOT NULL DEFAULT true,
    closed_reason text,
    vtime double precision NOT NULL DEFAULT 0,
    pace jsonb NOT NULL DEFAULT '{}',
    day date,
    day_goes integer NOT NULL DEFAULT 0,
    quiet_until timestamptz,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (campaign_id, instance_id),
    FOREIGN KEY (tenant_id, instance_id) REFERENCES instances (tenant_id, id)
) WITH (fillfactor = 50);
CREATE INDEX send_lanes_open ON send_lanes (instance_id) WHERE is_open;
CREATE TABLE outbox (
    message_id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    instance_id uuid NOT NULL,
    contact_id uuid,
    campaign_id uuid,
    recipient_key text NOT NULL,
    lane smallint NOT NULL CHECK (lane IN (0, 1, 2)),
    state text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'claimed', 'sending', 'unconfirmed')),
    send_after timestamptz NOT NULL DEFAULT now(),
    attempt integer NOT NULL DEFAULT 0,
    tries integer NOT NULL DEFAULT 0,
    owner text,
    lease timestamptz,
    started_at timestamptz,
    searched_at timestamptz,
    held text
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX outbox_lane ON outbox (instance_id, lane, send_after, message_id) WHERE state = 'queued';
CREATE INDEX outbox_campaign ON outbox (campaign_id, instance_id, send_after, message_id)
    WHERE state = 'queued' AND campaign_id IS NOT NULL;
CREATE INDEX outbox_recipient ON outbox (instance_id, recipient_key);
CREATE INDEX outbox_contact ON outbox (contact_id);
CREATE INDEX outbox_busy ON outbox (instance_id, state) WHERE state <> 'queued';
CREATE INDEX outbox_leased ON outbox (lease) WHERE state IN ('claimed', 'sending');
"""

UUID7 = """
CREATE FUNCTION uuid7() RETURNS uuid LANGUAGE sql VOLATILE PARALLEL SAFE AS $$
    SELECT (lpad(to_hex((extract(epoch FROM clock_timestamp()) * 1000)::bigint), 12, '0')
        || '7' || substr(md5(random()::text || clock_timestamp()::text), 1, 3)
        || substr('89ab', 1 + floor(random() * 4)::int, 1) || substr(md5(gen_random_uuid()::text), 1, 15))::uuid
$$
"""
UUID7_NATIVE = "CREATE FUNCTION uuid7() RETURNS uuid LANGUAGE sql VOLATILE PARALLEL SAFE AS $$ SELECT uuidv7() $$"

# A number is driven by one sender at a time; the lease makes a surplus shift or a dead sender harmless.
PICK = """
BEGIN
    RETURN QUERY
    WITH due AS (
        SELECT p.instance_id FROM instance_pace p
        JOIN instances i ON i.id = p.instance_id
        JOIN tenants t ON t.id = p.tenant_id
        WHERE (p.driver = me OR p.driver IS NULL OR p.driver_lease < clock_timestamp())
          AND i.is_active AND i.deleted_at IS NULL AND t.is_active AND NOT t.safe_mode AND p.hold IS NULL
          AND (EXISTS (SELECT 1 FROM outbox o WHERE o.instance_id = p.instance_id AND o.state = 'queued' AND o.lane < 2
                       AND o.held IS NULL AND o.send_after <= clock_timestamp() + interval '1 second')
            OR EXISTS (SELECT 1 FROM send_lanes l WHERE l.instance_id = p.instance_id AND l.is_open
                       AND EXISTS (SELECT 1 FROM outbox o WHERE o.campaign_id = l.campaign_id
                                   AND o.instance_id = l.instance_id AND o.state = 'queued' AND o.held IS NULL
                                   AND o.send_after <= clock_timestamp() + interval '1 second'))
            OR EXISTS (SELECT 1 FROM outbox o WHERE o.instance_id = p.instance_id AND o.state = 'claimed' AND o.owner = me))
        ORDER BY p.instance_id FOR UPDATE OF p SKIP LOCKED
    ), taken AS (
        UPDATE instance_pace p SET driver = me, driver_lease = clock_timestamp() + make_interval(secs => lease_s)
        FROM due WHERE p.instance_id = due.instance_id RETURNING p.*
    )
    SELECT n.instance_id, n.tenant_id, i.provider, i.external_name, i.credentials, i.pace, t.timezone, i.updated_at,
        extract(epoch FROM n.next_at - clock_timestamp())::double precision,
        extract(epoch FROM n.high_at - clock_timestamp())::double precision,
        n.batch_goes, n.day, n.day_goes, n.first_go_at,
        EXISTS (SELECT 1 FROM outbox o WHERE o.instance_id = n.instance_id AND o.state = 'queued' AND o.lane = 0
                AND o.held IS NULL AND o.send_after <= clock_timestamp() + interval '1 second'),
        (SELECT min((l.pace ->> 'delay_min_ms')::integer) FROM send_lanes l
            WHERE l.instance_id = n.instance_id AND l.is_open)
    FROM taken n JOIN instances i ON i.id = n.instance_id JOIN tenants t ON t.id = n.tenant_id;
END
"""

# Step 1. Up to `want` messages of one number become ours: attempt n, owner, lease. First in, first out per recipient.
CLAIM = """
DECLARE
    found_id uuid;
    chosen_lane smallint;
    busy integer;
    turns integer;
    lane_row record;
    free_recipient boolean;
BEGIN
    SELECT count(*) INTO busy FROM outbox o WHERE o.instance_id = of_instance AND o.state IN ('claimed', 'sending');
    SELECT p.normal_turns INTO turns FROM instance_pace p WHERE p.instance_id = of_instance AND p.driver = me;
    IF NOT FOUND THEN RETURN; END IF;
    WHILE want > 0 AND busy < limit_open LOOP
        found_id := next_in_lane(of_instance, 0::smallint, NULL, open_high_s);
        chosen_lane := 0;
        IF found_id IS NULL AND NOT high_only THEN
            IF turns < 4 THEN
                found_id := next_in_lane(of_instance, 1::smallint, NULL, open_s);
                chosen_lane := 1;
            END IF;
            IF found_id IS NULL THEN
                FOR lane_row IN SELECT l.campaign_id FROM send_lanes l WHERE l.instance_id = of_instance AND l.is_open
                    AND (l.quiet_until IS NULL OR l.quiet_until <= clock_timestamp()) ORDER BY l.vtime, l.campaign_id
                LOOP
                    found_id := next_in_lane(of_instance, 2::smallint, lane_row.campaign_id, open_s);
                    IF found_id IS NOT NULL THEN
                        UPDATE send_lanes l SET vtime = l.vtime + 1
                        WHERE l.campaign_id = lane_row.campaign_id AND l.instance_id = of_instance;
                        EXIT;
                    END IF;
                END LOOP;
                chosen_lane := 2;
            END IF;
            IF found_id IS NULL AND turns >= 4 THEN
                found_id := next_in_lane(of_instance, 1::smallint, NULL, open_s);
                chosen_lane := 1;
            END IF;
            turns := CASE WHEN chosen_lane = 1 THEN least(turns + 1, 4) ELSE 0 END;
        END IF;
        EXIT WHEN found_id IS NULL;
        UPDATE outbox o SET state = 'claimed', owner = me, attempt = o.attempt + 1,
            lease = clock_timestamp() + make_interval(secs => lease_s)
        WHERE o.message_id = found_id;
        want := want - 1;
        busy := busy + 1;
        RETURN QUERY
        SELECT o.message_id, o.tenant_id, o.instance_id, o.contact_id, o.campaign_id, o.recipient_key, o.lane, o.attempt,
            o.tries, m.type, m.body, m.media_id, m.media, m.reply_to, m.metadata,
            (SELECT c.value FROM contact_identities c WHERE c.contact_id = o.contact_id AND c.kind = 'jid'
                ORDER BY c.created_at DESC LIMIT 1),
            (SELECT coalesce(c.display, c.value) FROM contact_identities c WHERE c.contact_id = o.contact_id AND c.kind = 'phone'
                ORDER BY c.created_at LIMIT 1),
            (SELECT c.value FROM contact_identities c WHERE c.contact_id = o.contact_id AND c.kind = 'lid'
                ORDER BY c.created_at DESC LIMIT 1),
            l.pace, l.updated_at, l.day, l.day_goes, f.storage_key, f.mime_type, f.file_name
        FROM outbox o JOIN messages m ON m.id = o.message_id
        LEFT JOIN media f ON f.id = m.media_id
        LEFT JOIN send_lanes l ON l.campaign_id = o.campaign_id AND l.instance_id = o.instance_id
        WHERE o.message_id = found_id;
    END LOOP;
    UPDATE instance_pace p SET normal_turns = turns WHERE p.instance_id = of_instance AND p.normal_turns <> turns;
END
"""

NEXT_IN_LANE = """
CREATE FUNCTION next_in_lane(of_instance uuid, of_lane smallint, of_campaign uuid, open_s double precision)
RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
    found_id uuid;
    moment timestamptz := clock_timestamp();
BEGIN
    IF of_campaign IS NULL THEN
        SELECT o.message_id INTO found_id FROM outbox o
        WHERE o.instance_id = of_instance AND o.lane = of_lane AND o.state = 'queued' AND o.held IS NULL
          AND o.send_after <= moment AND recipient_is_free(o, moment, open_s)
        ORDER BY o.send_after, o.message_id LIMIT 1 FOR UPDATE OF o SKIP LOCKED;
    ELSE
        SELECT o.message_id INTO found_id FROM outbox o
        WHERE o.campaign_id = of_campaign AND o.instance_id = of_instance AND o.state = 'queued' AND o.held IS NULL
          AND o.send_after <= moment AND recipient_is_free(o, moment, open_s)
        ORDER BY o.send_after, o.message_id LIMIT 1 FOR UPDATE OF o SKIP LOCKED;
    END IF;
    RETURN found_id;
END $$
"""

# No second go while a started one is open, and never past an earlier message of the same lane that is due or retrying.
RECIPIENT_IS_FREE = """
CREATE FUNCTION recipient_is_free(o outbox, moment timestamptz, open_s double precision)
RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT NOT EXISTS (
        SELECT 1 FROM outbox x
        WHERE x.instance_id = o.instance_id AND x.recipient_key = o.recipient_key AND x.message_id <> o.message_id
          AND (x.state = 'claimed'
            OR (x.state IN ('sending', 'unconfirmed') AND x.started_at > moment - make_interval(secs => open_s))
            OR (x.state = 'queued' AND x.held IS NULL AND x.lane = o.lane AND x.message_id < o.message_id
                AND x.campaign_id IS NOT DISTINCT FROM o.campaign_id AND (x.tries > 0 OR x.send_after <= moment))))
$$
"""

# Step 2. Everything is read again; a row comes back 'go' only when it is committed as started.
GO = """
DECLARE
    o outbox%ROWTYPE;
    p instance_pace%ROWTYPE;
    c contacts%ROWTYPE;
    i record;
    l send_lanes%ROWTYPE;
    moment timestamptz;
    base timestamptz;
    due timestamptz;
BEGIN
    SELECT * INTO o FROM outbox x WHERE x.message_id = of_message AND x.attempt = of_attempt AND x.owner = me
        AND x.state = 'claimed' AND x.started_at IS NULL AND x.lease > clock_timestamp() FOR UPDATE;
    IF NOT FOUND THEN RETURN QUERY SELECT 'lost'::text, 0::double precision; RETURN; END IF;
    SELECT * INTO p FROM instance_pace x WHERE x.instance_id = o.instance_id FOR UPDATE;
    moment := clock_timestamp();
    SELECT n.is_active AND n.deleted_at IS NULL AS usable, n.updated_at, t.is_active AND NOT t.safe_mode AS tenant_ok
        INTO i FROM instances n JOIN tenants t ON t.id = n.tenant_id WHERE n.id = o.instance_id;
    IF NOT i.tenant_ok THEN RETURN QUERY SELECT 'tenant'::text, 0::double precision; RETURN; END IF;
    IF NOT i.usable OR p.hold IS NOT NULL OR o.held IS NOT NULL THEN
        RETURN QUERY SELECT 'held'::text, 0::double precision; RETURN;
    END IF;
    IF i.updated_at <> instance_stamp THEN RETURN QUERY SELECT 'stale'::text, 0::double precision; RETURN; END IF;
    SELECT * INTO c FROM contacts x WHERE x.id = o.contact_id;
    IF o.campaign_id IS NOT NULL THEN
        SELECT * INTO l FROM send_lanes x WHERE x.campaign_id = o.campaign_id AND x.instance_id = o.instance_id FOR UPDATE;
        IF NOT FOUND OR NOT l.is_open THEN RETURN QUERY SELECT 'closed'::text, 0::double precision; RETURN; END IF;
        IF l.updated_at <> lane_stamp THEN RETURN QUERY SELECT 'stale'::text, 0::double precision; RETURN; END IF;
        IF lane_cap IS NOT NULL AND l.day = today AND l.day_goes >= lane_cap THEN
            RETURN QUERY SELECT 'lane_cap'::text, 0::double precision; RETURN;
        END IF;
        IF c.opted_out_at IS NOT NULL THEN RETURN QUERY SELECT 'opted_out'::text, 0::double precision; RETURN; END IF;
        IF c.deleted_at IS NOT NULL THEN RETURN QUERY SELECT 'deleted'::text, 0::double precision; RETURN; END IF;
        IF same_person_in_campaign(o.campaign_id, o.message_id, coalesce(c.merged_into, o.contact_id)) THEN
            RETURN QUERY SELECT 'duplicate'::text, 0::double precision; RETURN;
        END IF;
    END IF;
    IF o.lane > 0 THEN
        IF c.is_blocked THEN RETURN QUERY SELECT 'blocked'::text, 0::double precision; RETURN; END IF;
        IF moment >= open_until THEN RETURN QUERY SELECT 'hours'::text, 0::double precision; RETURN; END IF;
        IF cap IS NOT NULL AND p.day = today AND p.day_goes >= cap THEN
            RETURN QUERY SELECT 'cap'::text, 0::double precision; RETURN;
        END IF;
    END IF;
    due := CASE WHEN o.lane = 0 THEN p.high_at ELSE greatest(p.next_at, p.high_at) END;
    IF due > moment AND due <= moment + make_interval(secs => longest_s) THEN
        RETURN QUERY SELECT 'early'::text, extract(epoch FROM due - moment)::double precision; RETURN;
    END IF;
    base := CASE WHEN due > moment THEN moment ELSE greatest(due, moment - make_interval(secs => slack_s)) END;
    UPDATE outbox x SET state = 'sending', started_at = moment,
        lease = moment + make_interval(secs => lease_s) WHERE x.message_id = o.message_id;
    UPDATE instance_pace x SET
        high_at = base + make_interval(secs => min_gap_s),
        next_at = CASE WHEN o.lane = 0 AND x.next_at <= moment + make_interval(secs => longest_s)
            THEN greatest(x.next_at, base + make_interval(secs => gap_s)) ELSE base + make_interval(secs => gap_s) END,
        batch_goes = CASE WHEN o.lane = 0 THEN x.batch_goes ELSE new_batch_goes END,
        day = today, day_goes = CASE WHEN x.day = today THEN x.day_goes + 1 ELSE 1 END,
        first_go_at = coalesce(x.first_go_at, moment), last_go_at = moment
    WHERE x.instance_id = o.instance_id;
    IF o.campaign_id IS NOT NULL THEN
        UPDATE send_lanes x SET day = today, day_goes = CASE WHEN x.day = today THEN x.day_goes + 1 ELSE 1 END
        WHERE x.campaign_id = o.campaign_id AND x.instance_id = o.instance_id;
    END IF;
    RETURN QUERY SELECT 'go'::text, gap_s;
END
"""

# Two phones that turned out to be one person: only the first of them may go.
SAME_PERSON = """
CREATE FUNCTION same_person_in_campaign(of_campaign uuid, of_message uuid, person uuid) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT EXISTS (
        SELECT 1 FROM contact_identities n
        JOIN campaign_recipients r ON r.campaign_id = of_campaign AND r.recipient_key = n.value
        JOIN messages m ON m.id = r.message_id
        LEFT JOIN outbox x ON x.message_id = m.id
        WHERE n.contact_id = person AND n.kind = 'phone' AND r.message_id <> of_message
          AND (m.status IN ('sent', 'delivered', 'read', 'played', 'unconfirmed') OR x.state IN ('sending', 'unconfirmed')))
$$
"""

# A lease that ran out: never started = provably unsent, queued again; started = unconfirmed, and the number is checked.
EXPIRE = """
BEGIN
    RETURN QUERY
    WITH unsent AS (
        UPDATE outbox o SET state = 'queued', owner = NULL, lease = NULL
        WHERE o.state = 'claimed' AND o.lease < clock_timestamp() RETURNING o.message_id, o.tenant_id, o.instance_id, o.attempt
    ), unknown AS (
        UPDATE outbox o SET state = 'unconfirmed', owner = NULL, lease = NULL, searched_at = NULL
        WHERE o.state = 'sending' AND o.lease < clock_timestamp() RETURNING o.message_id, o.tenant_id, o.instance_id, o.attempt
    ), marked AS (
        UPDATE messages m SET status = 'unconfirmed', error_code = 'no_result' FROM unknown u
        WHERE m.id = u.message_id AND status_rank(m.status) < 2 RETURNING m.id
    ), noted AS (
        INSERT INTO message_events (id, tenant_id, message_id, status, attempt, code)
        SELECT uuid7(), u.tenant_id, u.message_id, 'unconfirmed', u.attempt, 'no_result' FROM unknown u RETURNING message_id
    ), paused AS (
        UPDATE instance_pace p SET hold = coalesce(p.hold, 'verify'), held_at = coalesce(p.held_at, clock_timestamp()),
            probe_at = clock_timestamp()
        WHERE p.instance_id IN (SELECT u.instance_id FROM unknown u) RETURNING p.instance_id
    )
    SELECT u.message_id, u.tenant_id, u.instance_id, 'unconfirmed'::text FROM unknown u
    UNION ALL SELECT u.message_id, u.tenant_id, u.instance_id, 'queued'::text FROM unsent u;
END
"""

BEAT = """
BEGIN
    UPDATE outbox o SET lease = clock_timestamp() + make_interval(secs => lease_s)
    WHERE o.owner = me AND o.state IN ('claimed', 'sending') AND o.lease > clock_timestamp();
    UPDATE instance_pace p SET driver_lease = clock_timestamp() + make_interval(secs => lease_s) WHERE p.driver = me;
END
"""
RELEASE = """
BEGIN
    UPDATE outbox o SET state = 'queued', owner = NULL, lease = NULL WHERE o.owner = me AND o.state = 'claimed';
    UPDATE instance_pace p SET driver = NULL, driver_lease = NULL WHERE p.driver = me;
END
"""
# Held numbers whose probe is due, each handed to one prober.
PROBES = """
BEGIN
    RETURN QUERY
    WITH due AS (
        SELECT p.instance_id FROM instance_pace p JOIN instances i ON i.id = p.instance_id
        WHERE p.hold IS NOT NULL AND p.probe_at <= clock_timestamp() AND i.is_active AND i.deleted_at IS NULL
        ORDER BY p.probe_at LIMIT at_most FOR UPDATE OF p SKIP LOCKED
    ), taken AS (
        UPDATE instance_pace p SET probe_at = clock_timestamp() + make_interval(secs => lease_s), probe_tries = p.probe_tries + 1
        FROM due WHERE p.instance_id = due.instance_id RETURNING p.*
    )
    SELECT n.instance_id, n.tenant_id, i.provider, i.external_name, i.credentials, n.hold, n.probe_tries
    FROM taken n JOIN instances i ON i.id = n.instance_id;
END
"""
# A claim that may not go now (closed, capped, changed settings) goes back unspent; a lane may rest until its hour.
GIVE_BACK = """
BEGIN
    UPDATE outbox o SET state = 'queued', owner = NULL, lease = NULL
    WHERE o.message_id = of_message AND o.attempt = of_attempt AND o.owner = me AND o.state = 'claimed';
    IF lane_rests_until IS NOT NULL THEN
        UPDATE outbox o SET send_after = lane_rests_until WHERE o.message_id = of_message AND o.campaign_id IS NULL;
        UPDATE send_lanes l SET quiet_until = lane_rests_until FROM outbox o
        WHERE o.message_id = of_message AND l.campaign_id = o.campaign_id AND l.instance_id = o.instance_id;
    END IF;
END
"""
WAITING = """
BEGIN
    RETURN QUERY SELECT
        (SELECT min(o.send_after) FROM outbox o WHERE o.state = 'queued' AND o.held IS NULL),
        EXISTS (SELECT 1 FROM instance_pace p WHERE p.hold IS NOT NULL AND p.probe_at <= clock_timestamp());
END
"""

DEFINERS = (
    (
        "outbox_pick(me text, lease_s double precision)",
        "TABLE (instance_id uuid, tenant_id uuid, provider text, external_name text, credentials bytea, pace jsonb, "
        "timezone text, stamp timestamptz, next_wait double precision, high_wait double precision, batch_goes integer, "
        "day date, day_goes integer, first_go_at timestamptz, has_high boolean, fastest_lane_ms integer)",
        PICK,
    ),
    (
        "outbox_claim(me text, of_instance uuid, lease_s double precision, want integer, limit_open integer, "
        "open_s double precision, open_high_s double precision, high_only boolean)",
        "TABLE (message_id uuid, tenant_id uuid, instance_id uuid, contact_id uuid, campaign_id uuid, recipient_key text, "
        "lane smallint, attempt integer, tries integer, type text, body text, media_id uuid, media jsonb, reply_to text, "
        "metadata jsonb, jid text, phone text, lid text, lane_pace jsonb, lane_stamp timestamptz, lane_day date, "
        "lane_day_goes integer, storage_key text, mime_type text, file_name text)",
        CLAIM,
    ),
    (
        "outbox_go(me text, of_message uuid, of_attempt integer, instance_stamp timestamptz, lane_stamp timestamptz, "
        "min_gap_s double precision, gap_s double precision, longest_s double precision, slack_s double precision, "
        "cap integer, lane_cap integer, today date, open_until timestamptz, new_batch_goes integer, lease_s double precision)",
        "TABLE (verdict text, wait double precision)",
        GO,
    ),
    ("outbox_expire()", "TABLE (message_id uuid, tenant_id uuid, instance_id uuid, outcome text)", EXPIRE),
    ("outbox_beat(me text, lease_s double precision)", "void", BEAT),
    ("outbox_release(me text)", "void", RELEASE),
    (
        "outbox_give_back(me text, of_message uuid, of_attempt integer, lane_rests_until timestamptz)",
        "void",
        GIVE_BACK,
    ),
    (
        "outbox_probes(at_most integer, lease_s double precision)",
        "TABLE (instance_id uuid, tenant_id uuid, provider text, external_name text, credentials bytea, hold text, "
        "tries integer)",
        PROBES,
    ),
    ("outbox_waiting()", "TABLE (next_send timestamptz, probe_due boolean)", WAITING),
)
NAMES = ("campaigns", "campaign_instances", "campaign_recipients", "instance_pace", "send_lanes", "outbox")


def _native_uuid7() -> bool:
    from alembic import op

    return op.get_bind().dialect.server_version_info >= (18,)


def upgrade() -> None:
    run(CAMPAIGNS)
    run(QUEUE)
    run(UUID7_NATIVE if _native_uuid7() else UUID7)
    for name in NAMES:
        tenant_table(name)
    run(RECIPIENT_IS_FREE)
    run(NEXT_IN_LANE)
    run(SAME_PERSON)
    for signature, returns, body in DEFINERS:
        # Result columns share names with table columns; inside, the column is meant.
        definer(signature, returns, "#variable_conflict use_column" + body)


def downgrade() -> None:
    for signature, _, _ in DEFINERS:
        drop(signature.partition("(")[0], kind="FUNCTION")
    drop("same_person_in_campaign", "next_in_lane", "recipient_is_free", "uuid7", kind="FUNCTION")
    drop(*reversed(NAMES))
