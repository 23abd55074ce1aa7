"""The tables of the base, by numbered migrations, and what its two roles may do.

    organisation ─┬─ role ─ person ─ login_session
                  ├─ code
                  └─ hub ─┬─ presence    the last state and the last hello; one row, written over and over
                          ├─ catalogue, device
                          ├─ window      what the hub sent, by month; a window is one row
                          ├─ sealed      the same, a day of a level in one row, by month
                          ├─ home_day    energy of the home by its own days
                          ├─ event, command
    level · again · audit · setting

Every table of homes has ``org``, and a policy of row-level security on it: the role "read" sees the organisations in
``app.org`` of its transaction. Without one, the query fails. A migration that is committed is never changed.
"""

from collections.abc import Sequence

PARTS = """
CREATE FUNCTION month_part(parent text, month date, first bigint, after bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE part text := parent || '_' || to_char(month, 'YYYY_MM');
BEGIN
    IF parent NOT IN ('window', 'sealed') OR month < '2000-01-01' OR month >= '2200-01-01' THEN
        RAISE EXCEPTION 'no part for % of %', month, parent USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF to_regclass(quote_ident(part)) IS NOT NULL THEN RETURN false; END IF;
    EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING STORAGE)', part, parent);
    EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%s) TO (%s)', parent, part, first, after);
    RETURN true;
END $$;

CREATE FUNCTION month_parts(month date) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    begins bigint := extract(epoch FROM date_trunc('month', month::timestamp))::bigint;
    ends bigint := extract(epoch FROM date_trunc('month', month::timestamp) + interval '1 month')::bigint;
    windows boolean;
    days boolean;
BEGIN
    PERFORM pg_advisory_xact_lock(7402, 1);
    windows := month_part('window', month, begins, ends);
    days := month_part('sealed', month, begins / 86400, ends / 86400);
    RETURN windows OR days;
END $$;
"""

MIGRATIONS: Sequence[str] = (
    # 1
    """
CREATE TABLE setting (key text PRIMARY KEY, value jsonb NOT NULL);

CREATE TABLE organisation (
    number integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE CHECK (name <> ''),
    shard integer NOT NULL DEFAULT 0
);
CREATE TABLE person (
    number integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    login text NOT NULL UNIQUE CHECK (login <> ''),
    name text NOT NULL,
    password text NOT NULL,
    created double precision NOT NULL,
    disabled boolean NOT NULL DEFAULT false
);
CREATE TABLE role (
    person integer NOT NULL REFERENCES person ON DELETE CASCADE,
    org integer NOT NULL REFERENCES organisation ON DELETE CASCADE,
    role text NOT NULL CHECK (role IN ('viewer', 'operator', 'owner')),
    PRIMARY KEY (person, org)
);
CREATE INDEX role_org ON role (org);
CREATE TABLE login_session (
    digest bytea PRIMARY KEY,
    person integer NOT NULL REFERENCES person ON DELETE CASCADE,
    created double precision NOT NULL,
    seen double precision NOT NULL,
    expires double precision NOT NULL,
    client text NOT NULL
);
CREATE INDEX login_session_person ON login_session (person);

CREATE TABLE code (
    number integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    digest bytea NOT NULL UNIQUE,
    org integer NOT NULL REFERENCES organisation ON DELETE CASCADE,
    homes integer NOT NULL CHECK (homes > 0),
    used integer NOT NULL DEFAULT 0 CHECK (used <= homes),
    created double precision NOT NULL,
    expires double precision NOT NULL,
    who text NOT NULL
);
CREATE TABLE hub (
    number integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id text NOT NULL UNIQUE,
    org integer NOT NULL REFERENCES organisation,
    name text NOT NULL,
    sort text GENERATED ALWAYS AS (lower(name)) STORED,
    place text NOT NULL DEFAULT '',
    public_key text NOT NULL UNIQUE,
    code integer,
    joined double precision NOT NULL,
    renewed double precision NOT NULL,
    revoked double precision
);
CREATE INDEX hub_org ON hub (org);
CREATE TABLE revoked_key (public_key text PRIMARY KEY, at double precision NOT NULL);

CREATE TABLE presence (
    hub integer PRIMARY KEY REFERENCES hub ON DELETE CASCADE,
    org integer NOT NULL,
    seen double precision,
    at double precision NOT NULL DEFAULT 0,
    version text NOT NULL DEFAULT '',
    power double precision,
    import bigint,
    export bigint,
    solar bigint,
    devices integer NOT NULL DEFAULT 0,
    offline integer NOT NULL DEFAULT 0,
    alerts text[] NOT NULL DEFAULT '{}',
    behind integer NOT NULL DEFAULT 0,
    hello double precision,
    newest bigint NOT NULL DEFAULT 0,
    levels text[] NOT NULL DEFAULT '{}',
    grants text[] NOT NULL DEFAULT '{}'
) WITH (fillfactor = 50);
CREATE INDEX presence_org ON presence (org);

CREATE TABLE catalogue (
    hub integer PRIMARY KEY REFERENCES hub ON DELETE CASCADE,
    org integer NOT NULL,
    number bigint NOT NULL,
    at double precision NOT NULL,
    data bytea NOT NULL
);
ALTER TABLE catalogue ALTER data SET STORAGE EXTERNAL;
CREATE TABLE device (
    hub integer NOT NULL REFERENCES hub ON DELETE CASCADE,
    org integer NOT NULL,
    number bigint NOT NULL,
    id text NOT NULL,
    name text NOT NULL,
    PRIMARY KEY (hub, number)
);
CREATE INDEX device_id ON device (id text_pattern_ops);

CREATE TABLE level (number smallint GENERATED BY DEFAULT AS IDENTITY (START 16) PRIMARY KEY, name text NOT NULL UNIQUE);
INSERT INTO level VALUES (1, 'energy'), (2, 'quarter'), (3, 'minute'), (4, 'raw'), (5, 'events');

CREATE TABLE "window" (
    number bigint NOT NULL,
    start bigint NOT NULL,
    hub integer NOT NULL,
    org integer NOT NULL,
    level smallint NOT NULL,
    data bytea NOT NULL,
    PRIMARY KEY (hub, level, start)
) PARTITION BY RANGE (start);
ALTER TABLE "window" ALTER data SET STORAGE EXTERNAL;

CREATE TABLE sealed (
    numbers_xor bigint NOT NULL,
    newest bigint NOT NULL,
    hub integer NOT NULL,
    org integer NOT NULL,
    day integer NOT NULL,
    level smallint NOT NULL,
    starts integer[] NOT NULL,
    numbers bigint[] NOT NULL,
    sizes integer[] NOT NULL,
    data bytea NOT NULL,
    PRIMARY KEY (hub, level, day)
) PARTITION BY RANGE (day);
ALTER TABLE sealed ALTER data SET STORAGE EXTERNAL;

CREATE TABLE home_day (
    org integer NOT NULL,
    day date NOT NULL,
    hub integer NOT NULL REFERENCES hub ON DELETE CASCADE,
    number bigint NOT NULL,
    import bigint,
    export bigint,
    solar bigint,
    flags integer NOT NULL DEFAULT 0,
    PRIMARY KEY (org, day, hub)
);
CREATE INDEX home_day_hub ON home_day (hub, day);

CREATE TABLE event (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    org integer NOT NULL,
    hub integer NOT NULL REFERENCES hub ON DELETE CASCADE,
    start bigint NOT NULL,
    version bigint NOT NULL,
    at double precision NOT NULL,
    device bigint NOT NULL,
    kind text NOT NULL,
    text text NOT NULL,
    data text NOT NULL
);
CREATE INDEX event_hub ON event (hub, start);
CREATE INDEX event_org ON event (org, number);
CREATE INDEX event_page ON event (hub, number);

CREATE TABLE command (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id text NOT NULL UNIQUE,
    org integer NOT NULL,
    hub integer NOT NULL REFERENCES hub ON DELETE CASCADE,
    batch text NOT NULL,
    device text NOT NULL,
    point text NOT NULL,
    value jsonb NOT NULL,
    who text NOT NULL,
    created double precision NOT NULL,
    until double precision NOT NULL,
    fate text NOT NULL DEFAULT 'waiting',
    reason text NOT NULL DEFAULT '',
    tries integer NOT NULL DEFAULT 0,
    absent integer NOT NULL DEFAULT 0,
    tried double precision,
    changed double precision
);
CREATE INDEX command_open ON command (hub, number) WHERE fate IN ('waiting', 'sent', 'accepted');
CREATE INDEX command_org ON command (org, number);
CREATE INDEX command_hub ON command (hub, number);
CREATE INDEX command_batch ON command (batch);

CREATE TABLE again (
    number integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    since double precision NOT NULL,
    at double precision NOT NULL,
    hub integer REFERENCES hub ON DELETE CASCADE
);
CREATE TABLE audit (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at double precision NOT NULL,
    who text NOT NULL,
    org integer,
    action text NOT NULL,
    subject text NOT NULL,
    detail jsonb NOT NULL
);
CREATE INDEX audit_org ON audit (org, number);
"""
    + PARTS,
)
VERSION = len(MIGRATIONS)

# Tables with rows of organisations, and the column that says which
OF_ORGANISATIONS = {
    "organisation": "number",
    **dict.fromkeys(("hub", "presence", "catalogue", "device", "window", "sealed", "home_day"), "org"),
    **dict.fromkeys(("event", "command", "audit"), "org"),
}
# What each role may do, with which tables
RIGHTS = {
    "read": {
        "SELECT": "organisation hub presence catalogue device window sealed home_day event command audit level setting",
        "INSERT": "command",
        "UPDATE (name, place)": "hub",
    },
    "ingest": {
        "SELECT": "organisation hub presence catalogue device window sealed home_day event command again level setting",
        "INSERT": "presence catalogue device window home_day event level",
        "UPDATE": "presence catalogue window home_day command",
        "DELETE": "device event",
    },
}
SEQUENCES = {"read": ("command",), "ingest": ("event", "level")}


def has_policies(roles: dict[str, str]) -> str:
    """The query whether all that ``policies`` sets up is there, for roles that exist. It locks no table."""
    names = ", ".join(f"'{name}'" for name in roles.values())
    tables = ", ".join(f"'{table}'" for table in OF_ORGANISATIONS)
    found = [
        f"""(SELECT count(*) FROM pg_policies WHERE schemaname = 'public' AND policyname IN ('scope', 'ingest')
            AND tablename IN ({tables}) AND roles <@ ARRAY[{names}]::name[]) = {2 * len(OF_ORGANISATIONS)}""",
        f"""(SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relname IN ({tables})
            AND relrowsecurity) = {len(OF_ORGANISATIONS)}""",
        f"has_function_privilege('{roles['ingest']}', 'month_parts(date)', 'EXECUTE')",
    ]
    for role, rights in RIGHTS.items():
        for text, of_right in rights.items():
            right, _, columns = text.partition(" ")
            for table in of_right.split():
                found += [
                    f"has_column_privilege('{roles[role]}', '\"{table}\"', '{column}', '{right}')"
                    for column in columns.strip("()").split(", ")
                    if column
                ] or [f"has_table_privilege('{roles[role]}', '\"{table}\"', '{right}')"]
    return f"SELECT {' AND '.join(found)}"


def policies(roles: dict[str, str]) -> list[str]:
    """Statements that set up row-level security and the rights again. ``roles``: "read", "ingest" -> name."""
    found = ["REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC", "REVOKE ALL ON FUNCTION month_parts FROM PUBLIC"]
    found.append("REVOKE ALL ON FUNCTION month_part FROM PUBLIC")
    for table, column in OF_ORGANISATIONS.items():
        found += [
            f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY',
            f'DROP POLICY IF EXISTS scope ON "{table}"',
            f"""CREATE POLICY scope ON "{table}" TO "{roles["read"]}"
                USING ({column} = ANY ((SELECT current_setting('app.org')::integer[])::integer[]))""",
            f'DROP POLICY IF EXISTS ingest ON "{table}"',
            f'CREATE POLICY ingest ON "{table}" TO "{roles["ingest"]}" USING (true)',
        ]
    for role, rights in RIGHTS.items():
        found.append(f'REVOKE ALL ON ALL TABLES IN SCHEMA public FROM "{roles[role]}"')
        found.append(f'GRANT USAGE ON SCHEMA public TO "{roles[role]}"')
        for right, tables in rights.items():
            found += [f'GRANT {right} ON "{table}" TO "{roles[role]}"' for table in tables.split()]
    found.append(f'GRANT EXECUTE ON FUNCTION month_parts TO "{roles["ingest"]}"')
    return found
