-- One row for each event, clustered by stream and sequence, so that a history is read as it lies.
CREATE TABLE streams (
    id     INTEGER PRIMARY KEY,
    domain TEXT NOT NULL,
    root   BLOB NOT NULL CHECK (length(root) = 16),
    UNIQUE (domain, root)
);

CREATE TABLE events (
    stream         INTEGER NOT NULL REFERENCES streams (id),
    sequence       INTEGER NOT NULL CHECK (sequence >= 0),
    created_at_ns  INTEGER,               -- since 1970 UTC; NULL if nobody stamped it
    correlation_id TEXT NOT NULL,         -- '' is none
    type_url       TEXT,                  -- as it came, prefix included
    payload        BLOB,                  -- as it came, byte for byte
    external       TEXT,                  -- JSON: where the payload is, if not here
    PRIMARY KEY (stream, sequence)
) WITHOUT ROWID;

CREATE INDEX events_by_correlation_id ON events (correlation_id, stream, sequence) WHERE correlation_id <> '';

CREATE TABLE snapshots (
    stream        INTEGER NOT NULL REFERENCES streams (id),
    sequence      INTEGER NOT NULL CHECK (sequence >= 0),
    created_at_ns INTEGER,
    retention     INTEGER NOT NULL,       -- 0 default, 1 persist, 2 transient
    type_url      TEXT,
    state         BLOB,
    PRIMARY KEY (stream, sequence)
) WITHOUT ROWID;

-- Commands without a sequence of their own that ran here: each runs once.
CREATE TABLE executed (
    stream           INTEGER NOT NULL REFERENCES streams (id),
    kind             TEXT NOT NULL,
    source_domain    TEXT NOT NULL,
    source_root      BLOB NOT NULL,
    source_edition   TEXT NOT NULL,       -- '' is the main timeline
    source_seq       INTEGER NOT NULL,
    source_component TEXT NOT NULL,
    command_index    INTEGER NOT NULL,
    first_sequence   INTEGER NOT NULL,    -- of the events it led to
    event_count      INTEGER NOT NULL,
    PRIMARY KEY (
        stream, kind, source_domain, source_root, source_edition, source_seq, source_component, command_index
    )
) WITHOUT ROWID;
