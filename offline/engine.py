"""The SQLite engine: SQLCipher's build for every file, opened one way, its errors translated.

Importing this module also makes sqlite-utils use the same build, so it is the only door to either.
"""

from __future__ import annotations

import contextlib
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sqlcipher3.dbapi2 as sqlite

from offline.errors import FenghuoError, Locked, NeverSaved, StoreTrouble

if "pysqlite3" not in sys.modules:  # sqlite-utils prefers a module of this name: alter and error classes then agree
    _shim = types.ModuleType("pysqlite3")
    _shim.__dict__.update(sqlite.__dict__)
    _shim.dbapi2 = sqlite  # type: ignore[attr-defined]
    sys.modules["pysqlite3"] = _shim
    sys.modules["pysqlite3.dbapi2"] = sqlite

import sqlite_utils

OLDEST = (3, 51, 3)  # before it two connections could corrupt a WAL file
BUSY_MS = 5_000
Connection = Any  # sqlcipher3 has no types


def connect(path: Path, key: bytes, *, write: bool) -> Connection:
    """A connection to an encrypted file with a raw 32-byte key; WAL and FULL for the one that writes.

    Raises Locked when the key does not fit, StoreTrouble when the file cannot be opened.
    """
    assert len(key) == 32 and sqlite.sqlite_version_info >= OLDEST
    with translated("open the cache"):
        mode = "rwc" if write else "ro"
        uri = f"{path.absolute().as_uri()}?mode={mode}"
        con = sqlite.connect(uri, uri=True, check_same_thread=False, isolation_level=None, timeout=BUSY_MS / 1000)
        try:
            con.execute("PRAGMA cipher_log_level=NONE")
            con.execute(f"PRAGMA key=\"x'{key.hex()}'\"")  # hexadecimal digits only, and no other way to give it
            assert con.execute("PRAGMA cipher_version").fetchone()
            _settle(con, write)
        except BaseException:
            con.close()
            raise
    return con


def _settle(con: Connection, write: bool) -> None:
    try:
        con.execute("SELECT count(*) FROM sqlite_master")
    except sqlite.DatabaseError as error:
        if "not a database" in str(error):
            raise Locked("The cache does not open with this key.", code="wrong_key") from error
        raise
    con.execute("PRAGMA foreign_keys=ON")
    con.execute("PRAGMA trusted_schema=OFF")
    con.execute("PRAGMA cache_size=-32000")
    if write:
        mode = con.execute("PRAGMA journal_mode=WAL").fetchone()[0]
        con.execute("PRAGMA synchronous=FULL")
        con.execute("PRAGMA wal_autocheckpoint=1000")
        assert mode == "wal" and con.execute("PRAGMA synchronous").fetchone()[0] == 2


def is_encrypted(path: Path) -> bool:
    """Whether the file's first bytes are not SQLite's plain header."""
    with path.open("rb") as file:
        return file.read(16) != b"SQLite format 3\x00"


def tools(con: Connection) -> sqlite_utils.Database:
    """The connection as sqlite-utils sees it, for schema, migrations and imports; no plugins."""
    return sqlite_utils.Database(con, execute_plugins=False)


@contextlib.contextmanager
def transaction(con: Connection) -> Iterator[Connection]:
    """One write transaction, begun at once so that it never fails half way for want of the lock."""
    with translated("save"):
        con.execute("BEGIN IMMEDIATE")
        try:
            yield con
        except BaseException:
            if con.in_transaction:
                con.execute("ROLLBACK")
            raise
        try:
            con.execute("COMMIT")
        except BaseException:
            if con.in_transaction:
                con.execute("ROLLBACK")
            raise


@contextlib.contextmanager
def translated(doing: str) -> Iterator[None]:
    """Turn the engine's errors into ours; bugs of ours (a broken constraint, wrong SQL types) pass through."""
    try:
        yield
    except (sqlite.IntegrityError, sqlite.ProgrammingError, sqlite.InterfaceError):
        raise
    except sqlite.DatabaseError as error:
        raise _translate(error, doing) from error


def _translate(error: Exception, doing: str) -> FenghuoError:
    text = str(error)
    if "full" in text:
        return NeverSaved("The disk is full.", code="disk_full", do="Free some space and do it again.")
    if "readonly" in text or "read-only" in text:
        return NeverSaved("The disk does not let us write.", code="read_only", do="Check the disk and do it again.")
    if "malformed" in text or "not a database" in text:
        return StoreTrouble("The cache file is damaged.", code="corrupt", do="Restore the profile from a backup.")
    if "unable to open" in text:
        return StoreTrouble("The cache file cannot be opened.", code="no_file", do="Check the profile's folder.")
    return NeverSaved(f"The cache could not {doing}: {text}.")
