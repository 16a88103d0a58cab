package sqlite

import (
	"context"
	"database/sql"
	"fmt"
)

// version is that of the schema. A file with a greater one was written by a newer
// program and is refused.
const version = 2

// schema makes an empty file. Targets are numbered, because their names stand in every
// pair; times are nanoseconds since 1970, 0 for none.
const schema = `
CREATE TABLE entries (
	seq INTEGER PRIMARY KEY AUTOINCREMENT,
	received INTEGER NOT NULL,
	hash INTEGER NOT NULL,  -- of the id
	crc INTEGER NOT NULL,
	hops INTEGER NOT NULL,
	id TEXT NOT NULL,
	bus TEXT NOT NULL,
	pairs BLOB NOT NULL,
	raw BLOB NOT NULL
) STRICT;
CREATE INDEX entries_hash ON entries (hash);

CREATE TABLE targets (
	tid INTEGER PRIMARY KEY,
	name TEXT NOT NULL UNIQUE,
	cursor INTEGER NOT NULL
) STRICT;

CREATE TABLE wants (
	tid INTEGER NOT NULL,
	seq INTEGER NOT NULL,
	PRIMARY KEY (tid, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE keys (
	key TEXT PRIMARY KEY,
	id TEXT NOT NULL,
	expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX keys_expires ON keys (expires);

CREATE TABLE retries (
	tid INTEGER NOT NULL,
	seq INTEGER NOT NULL,
	rule TEXT NOT NULL,
	order_key TEXT NOT NULL DEFAULT '',
	held INTEGER NOT NULL DEFAULT 0,  -- waits behind another one with its order_key
	due INTEGER NOT NULL,
	dying INTEGER NOT NULL,
	crc INTEGER NOT NULL,
	body BLOB NOT NULL,
	PRIMARY KEY (tid, seq, rule)
) STRICT, WITHOUT ROWID;
CREATE INDEX retries_due ON retries (tid, due, seq, rule) WHERE held = 0;
CREATE INDEX retries_order ON retries (tid, order_key, seq, rule) WHERE order_key <> '';
CREATE INDEX retries_head ON retries (tid, order_key) WHERE order_key <> '' AND held = 0;
CREATE INDEX retries_seq ON retries (seq);

CREATE TABLE dead (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	tid INTEGER NOT NULL,
	seq INTEGER NOT NULL,
	died INTEGER NOT NULL,
	crc INTEGER NOT NULL,
	body BLOB NOT NULL
) STRICT;
CREATE INDEX dead_seq ON dead (seq);

CREATE TABLE state (
	space TEXT NOT NULL,
	key BLOB NOT NULL,
	version INTEGER NOT NULL,
	expires INTEGER NOT NULL,
	crc INTEGER NOT NULL,
	value BLOB NOT NULL,
	PRIMARY KEY (space, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX state_expires ON state (expires) WHERE expires > 0;

CREATE TABLE counters (
	name TEXT PRIMARY KEY,
	value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

PRAGMA user_version = 2;
`

// migrations lead from one version to the next; the first is from 1 to 2.
var migrations = []string{
	`ALTER TABLE retries ADD COLUMN order_key TEXT NOT NULL DEFAULT '';
	ALTER TABLE retries ADD COLUMN held INTEGER NOT NULL DEFAULT 0;
	DROP INDEX retries_due;
	CREATE INDEX retries_due ON retries (tid, due, seq, rule) WHERE held = 0;
	CREATE INDEX retries_order ON retries (tid, order_key, seq, rule) WHERE order_key <> '';
	CREATE INDEX retries_head ON retries (tid, order_key) WHERE order_key <> '' AND held = 0;
	PRAGMA user_version = 2;`,
}

// migrate makes the schema in an empty file, brings an older one up to it, and refuses
// one of a newer program.
func migrate(ctx context.Context, c *sql.Conn) error {
	var have int
	if err := c.QueryRowContext(ctx, "PRAGMA user_version").Scan(&have); err != nil {
		return err
	}
	steps := []string{schema}
	switch {
	case have > version:
		return fmt.Errorf("it was written by a newer tocsin (schema %d, this one knows %d); run that one, or name another data directory", have, version)
	case have > 0:
		steps = migrations[have-1:]
	}
	for _, step := range steps {
		if _, err := c.ExecContext(ctx, "BEGIN IMMEDIATE;"+step+"COMMIT;"); err != nil {
			return err
		}
	}
	return nil
}
