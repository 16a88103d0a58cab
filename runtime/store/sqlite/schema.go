package sqlite

// Versions of the two schemas (PRAGMA user_version). A file with a greater one was
// written by a newer program and is refused. Schemas 1 and 2 were one file for
// everything; see migrate.go.
const (
	stateVersion  = 3
	eventsVersion = 2
)

// Page sizes. Five events of 1.5 KB share a page of 8 KiB, and only two one of 4.
const (
	statePage  = 4096
	eventsPage = 8192
)

// stateSchema makes an empty bus.db: how far each target has come, what has failed, and
// the state. Times are nanoseconds since 1970, 0 for none.
const stateSchema = `
CREATE TABLE targets (
	name TEXT PRIMARY KEY,
	cursor INTEGER NOT NULL,
	crc INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE retries (
	target TEXT NOT NULL,
	seq INTEGER NOT NULL,
	rule TEXT NOT NULL,
	order_key TEXT NOT NULL,
	held INTEGER NOT NULL,  -- waits behind another one with its order_key
	due INTEGER NOT NULL,
	dying INTEGER NOT NULL,
	crc INTEGER NOT NULL,
	body BLOB NOT NULL,
	PRIMARY KEY (target, seq, rule)
) STRICT, WITHOUT ROWID;
CREATE INDEX retries_due ON retries (target, due, seq, rule) WHERE held = 0;
CREATE INDEX retries_order ON retries (target, order_key, seq, rule) WHERE order_key <> '';
CREATE INDEX retries_head ON retries (target, order_key) WHERE order_key <> '' AND held = 0;
CREATE INDEX retries_seq ON retries (seq);

CREATE TABLE dead (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	target TEXT NOT NULL,
	seq INTEGER NOT NULL,
	died INTEGER NOT NULL,
	crc INTEGER NOT NULL,
	body BLOB NOT NULL
) STRICT;
CREATE INDEX dead_target ON dead (target);
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

-- What a sealed file of events holds, so that it need not be opened to know.
CREATE TABLE sealed (
	first INTEGER PRIMARY KEY,
	last INTEGER NOT NULL,
	keys_until INTEGER NOT NULL
) STRICT;
CREATE TABLE unread (
	first INTEGER NOT NULL,
	target TEXT NOT NULL,
	last INTEGER NOT NULL,  -- place in the file that the target wants
	PRIMARY KEY (first, target)
) STRICT, WITHOUT ROWID;

-- version: a number that no version has reached yet; redo: see redo.go.
CREATE TABLE counters (
	name TEXT PRIMARY KEY,
	value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
`

// eventsSchema makes an empty file of events. Targets are numbered within the file,
// because their numbers stand in every pair.
//
// Ids are random, and an index of random values touches a page for each of them. So the
// index is cut into chunks of places: what is written together stands together, and a
// lookup asks every chunk.
const eventsSchema = `
CREATE TABLE entries (
	seq INTEGER PRIMARY KEY,
	received INTEGER NOT NULL,
	chunk INTEGER NOT NULL,
	hash INTEGER NOT NULL,  -- of the id
	crc INTEGER NOT NULL,
	hops INTEGER NOT NULL,
	id TEXT NOT NULL,
	bus TEXT NOT NULL,
	pairs BLOB NOT NULL,
	raw BLOB NOT NULL
) STRICT;
CREATE INDEX entries_hash ON entries (chunk, hash);

CREATE TABLE targets (
	tid INTEGER PRIMARY KEY,
	name TEXT NOT NULL UNIQUE
) STRICT;

-- A target wants the entry at a place, and all of those before it that run counts: the
-- entries of one commit are often wanted one after the other. Rows do not overlap.
CREATE TABLE wants (
	tid INTEGER NOT NULL,
	seq INTEGER NOT NULL,
	run INTEGER NOT NULL DEFAULT 0,
	PRIMARY KEY (tid, seq)
) STRICT, WITHOUT ROWID;

-- A row is for the keys that differ in a last number only; see keys.go.
CREATE TABLE keys (
	key TEXT PRIMARY KEY,
	id TEXT NOT NULL,
	expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE redo (
	n INTEGER PRIMARY KEY,
	crc INTEGER NOT NULL,
	body BLOB NOT NULL
) STRICT;

-- keys_until: when the last key of the file expires, or later.
CREATE TABLE meta (
	name TEXT PRIMARY KEY,
	value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
`

// chunkBits is how many bits of a place tell the entries of one chunk apart.
const chunkBits = 11
