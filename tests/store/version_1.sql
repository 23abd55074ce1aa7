-- A store as version 1 made it, to be migrated by tests; never to be changed.
CREATE TABLE device (
    number INTEGER PRIMARY KEY, identity TEXT NOT NULL UNIQUE, id TEXT UNIQUE, family TEXT NOT NULL,
    link TEXT NOT NULL, info TEXT NOT NULL, first_seen REAL NOT NULL, last_seen REAL NOT NULL);
CREATE TABLE alias (
    id TEXT NOT NULL, device INTEGER NOT NULL, since REAL NOT NULL, PRIMARY KEY (id, device)) WITHOUT ROWID;
CREATE TABLE series (
    id INTEGER PRIMARY KEY, device INTEGER NOT NULL, point TEXT NOT NULL, exponent INTEGER NOT NULL,
    kind TEXT NOT NULL);
CREATE INDEX series_of_device ON series (device, point);
CREATE TABLE flag (bit INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE sample (
    device INTEGER NOT NULL, second INTEGER NOT NULL, blob BLOB NOT NULL,
    PRIMARY KEY (device, second)) WITHOUT ROWID;
CREATE TABLE event (
    number INTEGER PRIMARY KEY, at REAL NOT NULL, device INTEGER, kind TEXT NOT NULL, json TEXT NOT NULL);
CREATE INDEX event_of_device ON event (device, kind, at);
CREATE INDEX event_at ON event (at);
CREATE TABLE ledger (
    identity TEXT NOT NULL, point TEXT NOT NULL, total INTEGER NOT NULL, json TEXT NOT NULL,
    PRIMARY KEY (identity, point)) WITHOUT ROWID;
CREATE TABLE memory (
    identity TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (identity, key)) WITHOUT ROWID;
CREATE TABLE audit (
    number INTEGER PRIMARY KEY, at REAL NOT NULL, who TEXT NOT NULL, what TEXT NOT NULL, json TEXT NOT NULL);
PRAGMA journal_mode = WAL;
PRAGMA application_id = 1970168684;
PRAGMA user_version = 1;
INSERT INTO device VALUES (1, 'uuid-1', 'plug', 'sim', 'memory:',
    '{"id":"plug","identity":"uuid-1","family":"sim","link":"memory:","profile":"p","points":[{"key":"power_W","exponent":-1}]}',
    1800000000.0, 1800004800.0);
INSERT INTO alias VALUES ('plug', 1, 1800000000.0);
INSERT INTO series VALUES (1, 1, 'power_W', -1, 'number');
