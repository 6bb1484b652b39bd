"""The tables of one realm's cache, as migrations that are never edited once released."""

from __future__ import annotations

from offline import engine
from offline.engine import Connection
from offline.errors import TooNew

from sqlite_utils.migrations import Migrations  # isort: skip - only after offline.engine has chosen the build

migrations = Migrations("fenghuo")

_V1 = """
CREATE TABLE meta(key TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;
CREATE TABLE statements(id BLOB PRIMARY KEY, wire BLOB NOT NULL) STRICT;
CREATE TABLE ops(
  id BLOB PRIMARY KEY, node BLOB NOT NULL, segment INTEGER NOT NULL, seq INTEGER NOT NULL,
  header BLOB NOT NULL, body BLOB, record BLOB, kind TEXT) STRICT;
CREATE INDEX ops_record ON ops(record) WHERE record IS NOT NULL;
CREATE INDEX ops_place ON ops(node, segment, seq);
CREATE TABLE sigs(
  node BLOB NOT NULL, segment INTEGER NOT NULL, seq INTEGER NOT NULL, sig BLOB NOT NULL,
  PRIMARY KEY(node, segment, seq, sig)) STRICT, WITHOUT ROWID;
CREATE TABLE chains(
  node BLOB NOT NULL, segment INTEGER NOT NULL, seq INTEGER NOT NULL, head BLOB NOT NULL,
  PRIMARY KEY(node, segment)) STRICT, WITHOUT ROWID;
CREATE TABLE log(
  pos INTEGER PRIMARY KEY AUTOINCREMENT, what INTEGER NOT NULL, ref BLOB NOT NULL, centre TEXT NOT NULL,
  origin TEXT NOT NULL, edge INTEGER NOT NULL, run BLOB NOT NULL) STRICT;
CREATE TABLE signins(
  id BLOB PRIMARY KEY, node BLOB NOT NULL, person BLOB NOT NULL, segment INTEGER NOT NULL, seq INTEGER NOT NULL) STRICT;
CREATE TABLE records(
  rowid INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, kind TEXT NOT NULL, home TEXT NOT NULL, stage TEXT NOT NULL,
  ended INTEGER NOT NULL, first_ms INTEGER NOT NULL, stamp_ms INTEGER NOT NULL, conflicts INTEGER NOT NULL,
  about BLOB, state TEXT NOT NULL) STRICT;
CREATE INDEX records_list ON records(kind, ended, first_ms DESC);
CREATE INDEX records_all ON records(kind, first_ms DESC);
CREATE INDEX records_about ON records(about, kind) WHERE about IS NOT NULL;
CREATE INDEX records_conflict ON records(stamp_ms) WHERE conflicts > 0;
CREATE TABLE audience(
  record BLOB NOT NULL, centre TEXT NOT NULL, PRIMARY KEY(record, centre)) STRICT, WITHOUT ROWID;
CREATE TABLE waiting(record BLOB PRIMARY KEY) STRICT;
CREATE TABLE cursors(peer TEXT PRIMARY KEY, epoch TEXT NOT NULL, pos INTEGER NOT NULL, run BLOB NOT NULL) STRICT;
CREATE TABLE acks(peer TEXT PRIMARY KEY, pos INTEGER NOT NULL) STRICT;
CREATE TABLE beats(node BLOB PRIMARY KEY, wire BLOB NOT NULL, stamp_ms INTEGER NOT NULL) STRICT;
CREATE TABLE delivered(
  op BLOB NOT NULL, node BLOB NOT NULL, centre TEXT NOT NULL, at_ms INTEGER NOT NULL,
  PRIMARY KEY(op, node)) STRICT, WITHOUT ROWID;
CREATE TABLE feeds(source TEXT PRIMARY KEY, state BLOB NOT NULL) STRICT;
CREATE VIRTUAL TABLE search USING fts5(text, content='', contentless_delete=1, tokenize='unicode61');
CREATE VIRTUAL TABLE places USING rtree(id, lon0, lon1, lat0, lat1);
"""


@migrations()
def v1(db: object) -> None:
    """The first tables."""
    for sql in _V1.split(";\n"):
        if sql.strip():
            db.conn.execute(sql)  # type: ignore[attr-defined]


def migrate(con: Connection) -> None:
    """Bring a cache to this program's tables; TooNew when a newer program made it."""
    db = engine.tools(con)
    known = {m.name for m in migrations._migrations}
    if any(m.name not in known for m in migrations.applied(db)):
        raise TooNew("This cache was made by a newer Fenghuo.")
    with engine.translated("prepare its tables"):
        migrations.apply(db)
