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

# A lane is a campaign's place on a number: `vtime` shares the number fairly, `is_open` is the campaign's brake. Each wait
# of a number is kept with the gap it was made of: a wait that is longer than its gap is a clock that jumped, and no wait.
# `unknown_at`: when the attempt went that a person decided to send again; a late proof of it still stops the second.
QUEUE = """
CREATE TABLE instance_pace (
    instance_id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL,
    driver text,
    driver_lease timestamptz,
    high_at timestamptz NOT NULL DEFAULT '-infinity',
    high_gap double precision NOT NULL DEFAULT 0,
    next_at timestamptz NOT NULL DEFAULT '-infinity',
    next_gap double precision NOT NULL DEFAULT 0,
    vclock double precision NOT NULL DEFAULT 0,
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
    tenant_id uuid NOT NULL, -- no foreign key, as in messages: it cost a quarter of the time of a large launch
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
    unknown_at timestamptz,
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

# What may be claimed now or within a second; `p` is the number's pace row, `me` the sender.
WORK = """(
    EXISTS (SELECT 1 FROM outbox o WHERE o.instance_id = p.instance_id AND o.state = 'queued' AND o.lane = 0
        AND o.held IS NULL AND o.send_after <= soon)
    OR EXISTS (SELECT 1 FROM outbox o WHERE o.instance_id = p.instance_id AND o.state = 'queued' AND o.lane = 1
        AND o.held IS NULL AND o.send_after <= soon)
    OR EXISTS (SELECT 1 FROM send_lanes l WHERE l.instance_id = p.instance_id AND l.is_open
        AND (l.quiet_until IS NULL OR l.quiet_until <= soon)
        AND EXISTS (SELECT 1 FROM outbox o WHERE o.campaign_id = l.campaign_id AND o.instance_id = l.instance_id
            AND o.state = 'queued' AND o.held IS NULL AND o.send_after <= soon))
    OR EXISTS (SELECT 1 FROM outbox o WHERE o.instance_id = p.instance_id AND o.state = 'claimed' AND o.owner = me))"""

# A number is driven by one sender at a time; the lease makes a surplus shift or a dead sender harmless. Rows are only
# written when they change hands or their lease is half over: the rest is read, whoever holds their lock.
PICK = f"""
DECLARE
    moment timestamptz := clock_timestamp();
    soon timestamptz := clock_timestamp() + interval '1 second';
BEGIN
    UPDATE instance_pace u SET driver = me, driver_lease = moment + make_interval(secs => lease_s)
    WHERE u.instance_id IN (
        SELECT p.instance_id FROM instance_pace p
        WHERE CASE WHEN p.driver = me THEN p.driver_lease < moment + make_interval(secs => lease_s / 2)
                ELSE p.driver IS NULL OR p.driver_lease < moment OR p.driver_lease > moment + interval '10 minutes' END
          AND p.hold IS NULL AND {WORK}
        ORDER BY p.instance_id FOR UPDATE SKIP LOCKED);
    RETURN QUERY
    SELECT p.instance_id, p.tenant_id, i.provider, i.external_name, i.credentials, i.pace, t.timezone, i.updated_at,
        CASE WHEN p.next_at <= moment + make_interval(secs => p.next_gap + 1)
            THEN extract(epoch FROM p.next_at - moment) ELSE 0 END::double precision,
        CASE WHEN p.high_at <= moment + make_interval(secs => p.high_gap + 1)
            THEN extract(epoch FROM p.high_at - moment) ELSE 0 END::double precision,
        p.batch_goes, p.day, p.day_goes, p.first_go_at,
        EXISTS (SELECT 1 FROM outbox o WHERE o.instance_id = p.instance_id AND o.state = 'queued' AND o.lane = 0
            AND o.held IS NULL AND o.send_after <= soon),
        (SELECT min((l.pace ->> 'delay_min_ms')::integer) FROM send_lanes l
            WHERE l.instance_id = p.instance_id AND l.is_open),
        p.probe_tries > 0
    FROM instance_pace p JOIN instances i ON i.id = p.instance_id JOIN tenants t ON t.id = p.tenant_id
    WHERE p.driver = me AND p.driver_lease > moment AND p.hold IS NULL
      AND i.is_active AND i.deleted_at IS NULL AND t.is_active AND NOT t.safe_mode AND {WORK};
END
"""

# One thread drives every number, so it never waits long for one number's locks (a batch of receipts, a launch).
PATIENCE = "PERFORM set_config('lock_timeout', '30ms', true);"

# Step 1. Up to `want` messages of one number become ours: attempt n, owner, lease. First in, first out per recipient.
# Campaigns share the number by lowest virtual time; one that was idle starts level with the others, it is owed nothing.
CLAIM = f"""
DECLARE
    found_id uuid;
    chosen_lane smallint;
    busy integer;
    turns integer;
    vnow double precision;
    lane_row record;
BEGIN
    {PATIENCE}
    BEGIN
        SELECT p.normal_turns, p.vclock INTO turns, vnow FROM instance_pace p
            WHERE p.instance_id = of_instance AND p.driver = me AND p.hold IS NULL FOR UPDATE;
        IF NOT FOUND THEN RETURN; END IF;
        PERFORM 1 FROM send_lanes l WHERE l.instance_id = of_instance AND l.is_open ORDER BY l.campaign_id FOR UPDATE;
    EXCEPTION WHEN lock_not_available THEN RETURN;
    END;
    SELECT count(*) INTO busy FROM outbox o WHERE o.instance_id = of_instance AND o.state IN ('claimed', 'sending');
    WHILE want > 0 AND busy < limit_open LOOP
        found_id := next_in_lane(of_instance, 0::smallint, NULL, open_high_s);
        chosen_lane := 0;
        IF found_id IS NULL AND NOT high_only THEN
            IF turns < 4 THEN
                found_id := next_in_lane(of_instance, 1::smallint, NULL, open_s);
                chosen_lane := 1;
            END IF;
            IF found_id IS NULL THEN
                FOR lane_row IN SELECT l.campaign_id, greatest(l.vtime, vnow) AS tag FROM send_lanes l
                    WHERE l.instance_id = of_instance AND l.is_open
                      AND (l.quiet_until IS NULL OR l.quiet_until <= clock_timestamp())
                    ORDER BY greatest(l.vtime, vnow), l.campaign_id
                LOOP
                    found_id := next_in_lane(of_instance, 2::smallint, lane_row.campaign_id, open_s);
                    IF found_id IS NOT NULL THEN
                        UPDATE send_lanes l SET vtime = lane_row.tag + 1
                        WHERE l.campaign_id = lane_row.campaign_id AND l.instance_id = of_instance;
                        vnow := lane_row.tag;
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
            (SELECT c.value FROM contact_identities c WHERE c.contact_id = person.id AND c.kind = 'jid'
                AND (jid_key(c.value) = o.recipient_key OR person.phones < 2)
                ORDER BY jid_key(c.value) = o.recipient_key DESC, c.created_at DESC LIMIT 1),
            (SELECT coalesce(c.display, c.value) FROM contact_identities c WHERE c.contact_id = person.id AND c.kind = 'phone'
                ORDER BY c.value = o.recipient_key DESC, c.created_at LIMIT 1),
            (SELECT c.value FROM contact_identities c WHERE c.contact_id = person.id AND c.kind = 'lid'
                ORDER BY c.value = o.recipient_key DESC, c.created_at DESC LIMIT 1),
            l.pace, l.updated_at, l.day, l.day_goes, f.storage_key, f.mime_type, f.file_name
        FROM outbox o JOIN messages m ON m.id = o.message_id
        CROSS JOIN LATERAL (SELECT w.id, (SELECT count(*) FROM contact_identities n
            WHERE n.contact_id = w.id AND n.kind = 'phone') AS phones FROM living_contact(o.contact_id) AS w(id)) person
        LEFT JOIN media f ON f.id = m.media_id
        LEFT JOIN send_lanes l ON l.campaign_id = o.campaign_id AND l.instance_id = o.instance_id
        WHERE o.message_id = found_id;
    END LOOP;
    UPDATE instance_pace p SET normal_turns = turns, vclock = vnow
    WHERE p.instance_id = of_instance AND (p.normal_turns <> turns OR p.vclock <> vnow);
END
"""

# The canonical key of a phone address, as app/core/phone.py makes it.
JID_KEY = """
CREATE FUNCTION jid_key(jid text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN d ~ '^55[0-9]{2}9[6-9][0-9]{7}$' THEN left(d, 4) || substr(d, 6)
        WHEN d ~ '^521[0-9]{10}$' THEN '52' || substr(d, 4)
        WHEN d ~ '^549[0-9]{10}$' THEN '54' || substr(d, 4) ELSE d END
    FROM (SELECT split_part(split_part(jid, '@', 1), ':', 1)) AS digits(d)
$$
"""

# Whom a contact became: merges leave aliases behind, and their messages stay queued.
LIVING_CONTACT = """
CREATE FUNCTION living_contact(of_contact uuid) RETURNS uuid LANGUAGE plpgsql STABLE AS $$
DECLARE
    became uuid;
BEGIN
    FOR turn IN 1..20 LOOP
        SELECT c.merged_into INTO became FROM contacts c WHERE c.id = of_contact;
        EXIT WHEN became IS NULL;
        of_contact := became;
    END LOOP;
    RETURN of_contact;
END $$
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

# No second go while a started one is open, and never past an earlier message of the same lane that is due or retrying;
# two minutes for one whose sound is still being made, so that a voice that is away holds up nobody's conversation.
RECIPIENT_IS_FREE = """
CREATE FUNCTION recipient_is_free(o outbox, moment timestamptz, open_s double precision)
RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT NOT EXISTS (
        SELECT 1 FROM outbox x
        WHERE x.instance_id = o.instance_id AND x.recipient_key = o.recipient_key AND x.message_id <> o.message_id
          AND (x.state = 'claimed'
            OR (x.state IN ('sending', 'unconfirmed') AND x.started_at > moment - make_interval(secs => open_s))
            OR (x.state = 'queued' AND x.lane = o.lane AND x.message_id < o.message_id
                AND x.campaign_id IS NOT DISTINCT FROM o.campaign_id
                AND (x.held IS NULL AND (x.tries > 0 OR x.send_after <= moment)
                    OR x.held = 'voice' AND x.send_after BETWEEN moment - interval '2 minutes' AND moment))))
$$
"""

# Step 2. Everything is read again; a row comes back 'go' only when it is committed as started.
GO = f"""
DECLARE
    o outbox%ROWTYPE;
    p instance_pace%ROWTYPE;
    c contacts%ROWTYPE;
    i record;
    l send_lanes%ROWTYPE;
    moment timestamptz;
    base timestamptz;
    high_due timestamptz;
    next_due timestamptz;
    due timestamptz;
    verdict text;
BEGIN
    {PATIENCE}
    BEGIN
        SELECT * INTO o FROM outbox x WHERE x.message_id = of_message AND x.attempt = of_attempt AND x.owner = me
            AND x.state = 'claimed' AND x.started_at IS NULL AND x.lease > clock_timestamp() FOR UPDATE;
        IF NOT FOUND THEN RETURN QUERY SELECT 'lost'::text, 0::double precision, 0::double precision; RETURN; END IF;
        SELECT * INTO p FROM instance_pace x WHERE x.instance_id = o.instance_id FOR UPDATE;
        IF o.campaign_id IS NOT NULL THEN
            SELECT * INTO l FROM send_lanes x
                WHERE x.campaign_id = o.campaign_id AND x.instance_id = o.instance_id FOR UPDATE;
            -- Two numbers of one campaign must not reach for the same person at the same moment.
            PERFORM pg_advisory_xact_lock(hashtextextended(o.campaign_id::text, 11));
        END IF;
    EXCEPTION WHEN lock_not_available THEN
        RETURN QUERY SELECT 'early'::text, 0.02::double precision, 0.02::double precision; RETURN;
    END;
    SELECT n.is_active AND n.deleted_at IS NULL AS usable, n.updated_at, t.is_active AND NOT t.safe_mode AS tenant_ok
        INTO i FROM instances n JOIN tenants t ON t.id = n.tenant_id WHERE n.id = o.instance_id;
    SELECT * INTO c FROM contacts x WHERE x.id = living_contact(o.contact_id);
    moment := clock_timestamp();
    verdict := CASE
        WHEN i.tenant_ok IS NOT TRUE THEN 'tenant'
        WHEN i.usable IS NOT TRUE OR p.instance_id IS NULL OR p.hold IS NOT NULL OR o.held IS NOT NULL THEN 'held'
        WHEN i.updated_at <> instance_stamp THEN 'stale'
        WHEN o.campaign_id IS NOT NULL AND l.is_open IS NOT TRUE THEN 'closed'
        WHEN o.campaign_id IS NOT NULL AND l.updated_at IS DISTINCT FROM lane_stamp THEN 'stale'
        WHEN o.contact_id IS NOT NULL AND (c.id IS NULL OR c.deleted_at IS NOT NULL) THEN 'deleted'
        WHEN c.is_blocked THEN 'blocked'
        WHEN o.campaign_id IS NOT NULL AND c.opted_out_at IS NOT NULL THEN 'opted_out'
        WHEN o.campaign_id IS NOT NULL AND l.day = today AND l.day_goes >= lane_cap THEN 'lane_cap'
        WHEN o.lane > 0 AND moment >= open_until THEN 'hours'
        WHEN o.lane > 0 AND p.day = today AND p.day_goes >= cap THEN 'cap'
    END;
    IF verdict IS NULL AND o.campaign_id IS NOT NULL
        AND same_person_in_campaign(o.campaign_id, o.message_id, c.id, o.recipient_key) THEN verdict := 'duplicate';
    END IF;
    IF verdict IS NOT NULL THEN RETURN QUERY SELECT verdict, 0::double precision, 0::double precision; RETURN; END IF;
    high_due := CASE WHEN p.high_at <= moment + make_interval(secs => p.high_gap + 1) THEN p.high_at ELSE '-infinity' END;
    next_due := CASE WHEN p.next_at <= moment + make_interval(secs => p.next_gap + 1) THEN p.next_at ELSE '-infinity' END;
    due := CASE WHEN o.lane = 0 THEN high_due ELSE greatest(next_due, high_due) END;
    IF due > moment THEN
        RETURN QUERY SELECT 'early'::text, extract(epoch FROM due - moment)::double precision,
            extract(epoch FROM greatest(high_due, moment) - moment)::double precision;
        RETURN;
    END IF;
    base := greatest(due, moment - make_interval(secs => slack_s));
    UPDATE outbox x SET state = 'sending', started_at = moment,
        lease = moment + make_interval(secs => lease_s) WHERE x.message_id = o.message_id;
    UPDATE instance_pace x SET
        high_at = base + make_interval(secs => min_gap_s), high_gap = min_gap_s,
        next_at = CASE WHEN o.lane = 0 THEN greatest(next_due, base + make_interval(secs => gap_s))
            ELSE base + make_interval(secs => gap_s) END,
        next_gap = CASE WHEN o.lane = 0 THEN greatest(x.next_gap, gap_s) ELSE gap_s END,
        batch_goes = CASE WHEN o.lane = 0 THEN x.batch_goes ELSE new_batch_goes END,
        day = today, day_goes = CASE WHEN x.day = today THEN x.day_goes + 1 ELSE 1 END,
        first_go_at = coalesce(x.first_go_at, moment), last_go_at = moment
    WHERE x.instance_id = o.instance_id RETURNING x.next_at, x.high_at INTO next_due, high_due;
    IF o.campaign_id IS NOT NULL THEN
        UPDATE send_lanes x SET day = today, day_goes = CASE WHEN x.day = today THEN x.day_goes + 1 ELSE 1 END
        WHERE x.campaign_id = o.campaign_id AND x.instance_id = o.instance_id;
    END IF;
    RETURN QUERY SELECT 'go'::text, extract(epoch FROM next_due - moment)::double precision,
        extract(epoch FROM high_due - moment)::double precision;
END
"""

# Two phones that turned out to be one person (merged, or WhatsApp answered both with one address): only the first goes.
SAME_PERSON = """
CREATE FUNCTION same_person_in_campaign(of_campaign uuid, of_message uuid, person uuid, own_key text) RETURNS boolean
LANGUAGE sql STABLE AS $$
    WITH people AS (
        SELECT person AS id
        UNION SELECT n.contact_id FROM contacts mine JOIN contact_identities n ON n.tenant_id = mine.tenant_id
            AND n.kind = 'jid' AND n.value IN (own_key || '@s.whatsapp.net',
                left(own_key, 4) || '9' || substr(own_key, 5) || '@s.whatsapp.net')
        WHERE mine.id = person
    ), keys AS (
        SELECT CASE n.kind WHEN 'jid' THEN jid_key(n.value) ELSE n.value END AS value
        FROM people JOIN contact_identities n ON n.contact_id = people.id
    ), others AS (
        SELECT r.message_id FROM keys JOIN campaign_recipients r ON r.campaign_id = of_campaign AND r.recipient_key = keys.value
        UNION SELECT r.message_id FROM people JOIN campaign_recipients r ON r.contact_id = people.id
            AND r.campaign_id = of_campaign
    )
    SELECT EXISTS (
        SELECT 1 FROM others JOIN messages m ON m.id = others.message_id
        LEFT JOIN outbox x ON x.message_id = m.id
        WHERE m.id <> of_message
          AND (m.status IN ('sent', 'delivered', 'read', 'played', 'unconfirmed') OR x.state IN ('sending', 'unconfirmed')))
$$
"""
HELPERS = (JID_KEY, LIVING_CONTACT, RECIPIENT_IS_FREE, NEXT_IN_LANE, SAME_PERSON)

# A lease that ran out: never started = provably unsent, queued again; started = unconfirmed, and the number is checked.
# No lease is ten minutes long: one that ends later was made before the clock jumped back.
EXPIRE = """
DECLARE
    moment timestamptz := clock_timestamp();
    far timestamptz := clock_timestamp() + interval '10 minutes';
BEGIN
    RETURN QUERY
    WITH over AS (
        SELECT x.message_id, x.state FROM outbox x
        WHERE x.state IN ('claimed', 'sending') AND (x.lease < moment OR x.lease > far)
        ORDER BY x.message_id FOR UPDATE SKIP LOCKED
    ), unsent AS (
        UPDATE outbox o SET state = 'queued', owner = NULL, lease = NULL
        FROM over WHERE o.message_id = over.message_id AND over.state = 'claimed'
        RETURNING o.message_id, o.tenant_id, o.instance_id, o.campaign_id
    ), unknown AS (
        UPDATE outbox o SET state = 'unconfirmed', owner = NULL, lease = NULL, searched_at = NULL
        FROM over WHERE o.message_id = over.message_id AND over.state = 'sending'
        RETURNING o.message_id, o.tenant_id, o.instance_id, o.campaign_id, o.attempt
    ), marked AS (
        UPDATE messages m SET status = 'unconfirmed', error_code = 'no_result', attempts = greatest(m.attempts, u.attempt)
        FROM unknown u WHERE m.id = u.message_id AND status_rank(m.status) < 2 RETURNING m.id
    ), noted AS (
        INSERT INTO message_events (id, tenant_id, message_id, status, attempt, code)
        SELECT uuid7(), u.tenant_id, u.message_id, 'unconfirmed', u.attempt, 'no_result' FROM unknown u RETURNING message_id
    ), paused AS (
        UPDATE instance_pace p SET hold = coalesce(p.hold, 'verify'), held_at = coalesce(p.held_at, moment), probe_at = moment
        WHERE p.instance_id IN (SELECT u.instance_id FROM unknown u) RETURNING p.instance_id
    )
    SELECT u.message_id, u.tenant_id, u.instance_id, u.campaign_id, 'unconfirmed'::text FROM unknown u
    UNION ALL SELECT u.message_id, u.tenant_id, u.instance_id, u.campaign_id, 'queued'::text FROM unsent u;
END
"""

# Only what the sender says it still has in hand: a claim whose answer got lost must run out. Sweeps of many rows pass
# by what somebody holds: it is being settled this moment, and waiting for it could become a circle.
BEAT = """
BEGIN
    UPDATE outbox o SET lease = clock_timestamp() + make_interval(secs => lease_s)
    WHERE o.message_id IN (
        SELECT x.message_id FROM outbox x WHERE x.message_id = ANY (messages) AND x.owner = me
            AND x.state IN ('claimed', 'sending') AND x.lease > clock_timestamp()
        ORDER BY x.message_id FOR UPDATE SKIP LOCKED);
END
"""
RELEASE = """
BEGIN
    UPDATE outbox o SET state = 'queued', owner = NULL, lease = NULL WHERE o.message_id IN (
        SELECT x.message_id FROM outbox x WHERE x.owner = me AND x.state = 'claimed' FOR UPDATE SKIP LOCKED);
    UPDATE instance_pace p SET driver = NULL, driver_lease = NULL WHERE p.driver = me;
END
"""
# Held numbers whose probe is due, each handed to one prober.
PROBES = """
BEGIN
    RETURN QUERY
    WITH due AS (
        SELECT p.instance_id FROM instance_pace p JOIN instances i ON i.id = p.instance_id
        WHERE p.hold IS NOT NULL AND i.is_active AND i.deleted_at IS NULL
          AND (p.probe_at IS NULL OR p.probe_at <= clock_timestamp() OR p.probe_at > clock_timestamp() + interval '61 minutes')
        ORDER BY p.probe_at LIMIT at_most FOR UPDATE OF p SKIP LOCKED
    ), taken AS (
        UPDATE instance_pace p SET probe_at = clock_timestamp() + make_interval(secs => lease_s), probe_tries = p.probe_tries + 1
        FROM due WHERE p.instance_id = due.instance_id RETURNING p.*
    )
    SELECT n.instance_id, n.tenant_id, i.provider, i.external_name, i.credentials, n.hold, n.probe_tries
    FROM taken n JOIN instances i ON i.id = n.instance_id;
END
"""
# A claim that may not go now (closed, capped, changed settings) goes back unspent; a lane may rest until its hour, and
# is asked again every ten minutes, because hours and caps are settings that people change.
GIVE_BACK = """
DECLARE
    o outbox%ROWTYPE;
BEGIN
    IF rests_until > clock_timestamp() + interval '10 minutes' THEN
        rests_until := clock_timestamp() + interval '10 minutes';
    END IF;
    UPDATE outbox x SET state = 'queued', owner = NULL, lease = NULL,
        send_after = CASE WHEN x.campaign_id IS NULL THEN coalesce(rests_until, x.send_after) ELSE x.send_after END
    WHERE x.message_id = of_message AND x.attempt = of_attempt AND x.owner = me AND x.state = 'claimed' RETURNING x.* INTO o;
    IF o.campaign_id IS NOT NULL THEN
        UPDATE send_lanes l SET vtime = l.vtime - 1, quiet_until = coalesce(rests_until, l.quiet_until)
        WHERE l.campaign_id = o.campaign_id AND l.instance_id = o.instance_id;
    END IF;
END
"""
# When the next message may be claimed anywhere, and whether a held number waits to be looked at.
WAITING = """
BEGIN
    RETURN QUERY SELECT (
        SELECT min(first.at) FROM instance_pace p JOIN instances i ON i.id = p.instance_id JOIN tenants t ON t.id = p.tenant_id
        CROSS JOIN LATERAL (SELECT least(
            (SELECT o.send_after FROM outbox o WHERE o.instance_id = p.instance_id AND o.state = 'queued' AND o.lane = 0
                AND o.held IS NULL ORDER BY o.send_after LIMIT 1),
            (SELECT o.send_after FROM outbox o WHERE o.instance_id = p.instance_id AND o.state = 'queued' AND o.lane = 1
                AND o.held IS NULL ORDER BY o.send_after LIMIT 1),
            (SELECT min(greatest(l.quiet_until, (SELECT o.send_after FROM outbox o WHERE o.campaign_id = l.campaign_id
                    AND o.instance_id = l.instance_id AND o.state = 'queued' AND o.held IS NULL ORDER BY o.send_after LIMIT 1)))
                FROM send_lanes l WHERE l.instance_id = p.instance_id AND l.is_open
                AND EXISTS (SELECT 1 FROM outbox o WHERE o.campaign_id = l.campaign_id AND o.instance_id = l.instance_id
                    AND o.state = 'queued' AND o.held IS NULL))) AS at) first
        WHERE p.hold IS NULL AND i.is_active AND i.deleted_at IS NULL AND t.is_active AND NOT t.safe_mode),
        EXISTS (SELECT 1 FROM instance_pace p JOIN instances i ON i.id = p.instance_id WHERE p.hold IS NOT NULL
            AND i.is_active AND i.deleted_at IS NULL AND (p.probe_at IS NULL OR p.probe_at <= clock_timestamp()
                OR p.probe_at > clock_timestamp() + interval '61 minutes'));
END
"""
# Accepted and never acknowledged, in number: connected but dead.
SILENT = """
BEGIN
    RETURN QUERY SELECT p.instance_id, p.tenant_id FROM instance_pace p
    WHERE p.unacked >= least_messages AND p.unacked_since < clock_timestamp() - make_interval(secs => silent_s)
      AND EXISTS (SELECT 1 FROM send_lanes l WHERE l.instance_id = p.instance_id AND l.is_open);
END
"""

# Which database cluster these rows were written in. A copy that wakes in another one was restored from a backup: what
# it believes unsent may have gone since, so it sends nothing of that until a person says so.
INSTALLATION = """
CREATE TABLE installation (only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one), cluster bigint NOT NULL);
ALTER TABLE installation ENABLE ROW LEVEL SECURITY;
INSERT INTO installation (cluster) SELECT system_identifier FROM pg_control_system();
"""
RESTORED = """
DECLARE
    count_held integer := 0;
BEGIN
    UPDATE installation SET cluster = s.system_identifier FROM pg_control_system() s WHERE cluster <> s.system_identifier;
    IF FOUND THEN
        UPDATE outbox o SET held = 'restored', owner = NULL, lease = NULL,
            state = CASE WHEN o.state IN ('sending', 'unconfirmed') THEN 'unconfirmed' ELSE 'queued' END;
        GET DIAGNOSTICS count_held = ROW_COUNT;
        UPDATE messages m SET status = CASE WHEN o.state = 'unconfirmed' THEN 'unconfirmed' ELSE 'held' END
        FROM outbox o WHERE m.id = o.message_id AND status_rank(m.status) < 3;
    END IF;
    RETURN count_held;
END
"""

DEFINERS = (
    (
        "outbox_pick(me text, lease_s double precision)",
        "TABLE (instance_id uuid, tenant_id uuid, provider text, external_name text, credentials bytea, pace jsonb, "
        "timezone text, stamp timestamptz, next_wait double precision, high_wait double precision, batch_goes integer, "
        "day date, day_goes integer, first_go_at timestamptz, has_high boolean, fastest_lane_ms integer, "
        "is_recovering boolean)",
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
        "min_gap_s double precision, gap_s double precision, slack_s double precision, "
        "cap integer, lane_cap integer, today date, open_until timestamptz, new_batch_goes integer, lease_s double precision)",
        "TABLE (verdict text, wait double precision, high_wait double precision)",
        GO,
    ),
    (
        "outbox_expire()",
        "TABLE (message_id uuid, tenant_id uuid, instance_id uuid, campaign_id uuid, outcome text)",
        EXPIRE,
    ),
    ("outbox_beat(me text, messages uuid[], lease_s double precision)", "void", BEAT),
    ("outbox_release(me text)", "void", RELEASE),
    (
        "outbox_give_back(me text, of_message uuid, of_attempt integer, rests_until timestamptz)",
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
    (
        "outbox_silent(least_messages integer, silent_s double precision)",
        "TABLE (instance_id uuid, tenant_id uuid)",
        SILENT,
    ),
    ("outbox_hold_restored()", "integer", RESTORED),
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
    run(INSTALLATION)
    for helper in HELPERS:
        run(helper)
    for signature, returns, body in DEFINERS:
        # Result columns share names with table columns; inside, the column is meant.
        definer(signature, returns, "#variable_conflict use_column" + body)


def downgrade() -> None:
    for signature, _, _ in DEFINERS:
        drop(signature.partition("(")[0], kind="FUNCTION")
    names = ("same_person_in_campaign", "next_in_lane", "recipient_is_free", "living_contact", "jid_key", "uuid7")
    drop(*names, kind="FUNCTION")
    drop(*reversed(NAMES), "installation")
