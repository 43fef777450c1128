"""The read model's file: its tables, its version, and what is said where it cannot be used."""

import fcntl
import os
import shutil
import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from streams.console.texts import folder_of
from streams.errors import UserError

VERSION: Final = 4
_OURS: Final = 0x74776372
"""SQLite's ``application_id`` of our files."""
_HEADER: Final = b"SQLite format 3\0"

TABLES: Final = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE offsets (topic TEXT NOT NULL, partition INTEGER NOT NULL, next INTEGER NOT NULL, PRIMARY KEY (topic, partition)) WITHOUT ROWID;
CREATE TABLE comments (
    conversation INTEGER NOT NULL, comment INTEGER NOT NULL, parent INTEGER, person INTEGER, role TEXT, state INTEGER NOT NULL,
    length INTEGER NOT NULL, toxicity REAL, scorer TEXT NOT NULL, language TEXT, created INTEGER NOT NULL, estimated INTEGER NOT NULL,
    edited INTEGER, arrived INTEGER NOT NULL, day INTEGER NOT NULL, place INTEGER NOT NULL, size INTEGER NOT NULL, link INTEGER NOT NULL,
    id INTEGER NOT NULL, PRIMARY KEY (conversation, comment)) WITHOUT ROWID;
CREATE TABLE texts (day INTEGER PRIMARY KEY, size INTEGER NOT NULL);
CREATE INDEX comments_arrived ON comments (arrived);
CREATE INDEX comments_person ON comments (person, created) WHERE person IS NOT NULL;
CREATE TABLE replies (
    target INTEGER NOT NULL, conversation INTEGER NOT NULL, comment INTEGER NOT NULL, person INTEGER, role TEXT,
    revision INTEGER NOT NULL, hostility REAL NOT NULL, kind TEXT NOT NULL, confidence REAL NOT NULL,
    created INTEGER NOT NULL, arrived INTEGER NOT NULL,
    PRIMARY KEY (target, conversation, comment)) WITHOUT ROWID;
CREATE INDEX replies_comment ON replies (conversation, comment);
CREATE INDEX replies_person ON replies (person, target) WHERE hostility >= 0.25;
CREATE TABLE pileons (
    pileon_id TEXT PRIMARY KEY, revision INTEGER NOT NULL, target INTEGER NOT NULL, subject INTEGER NOT NULL, source TEXT NOT NULL,
    community TEXT NOT NULL, status TEXT NOT NULL, severity TEXT NOT NULL, detector TEXT NOT NULL, hostile_authors INTEGER NOT NULL,
    opened INTEGER NOT NULL, updated INTEGER NOT NULL, first_change INTEGER NOT NULL, change INTEGER NOT NULL, arrived INTEGER NOT NULL,
    record BLOB NOT NULL) WITHOUT ROWID;
CREATE INDEX pileons_status ON pileons (status, target);
CREATE INDEX pileons_change ON pileons (change);
CREATE INDEX pileons_arrived ON pileons (arrived);
CREATE INDEX pileons_opened ON pileons (opened);
CREATE INDEX pileons_subject ON pileons (subject);
CREATE TABLE transitions (
    pileon_id TEXT NOT NULL, revision INTEGER NOT NULL, arrived INTEGER NOT NULL, severity TEXT NOT NULL, record BLOB NOT NULL,
    PRIMARY KEY (pileon_id, revision)) WITHOUT ROWID;
CREATE TABLE verdicts (
    pileon_id TEXT NOT NULL, judge TEXT NOT NULL, judged INTEGER NOT NULL, judgement TEXT NOT NULL, note TEXT,
    arrived INTEGER NOT NULL, PRIMARY KEY (pileon_id, judge, judged)) WITHOUT ROWID;
CREATE TABLE watched (
    target INTEGER PRIMARY KEY, source TEXT NOT NULL, community TEXT NOT NULL, target_id TEXT NOT NULL, arrived INTEGER NOT NULL);
CREATE TABLE answered (
    target INTEGER PRIMARY KEY, source TEXT NOT NULL, community TEXT NOT NULL, target_id TEXT NOT NULL, arrived INTEGER NOT NULL);
CREATE INDEX answered_arrived ON answered (arrived);
CREATE TABLE sources (source TEXT PRIMARY KEY, since INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE toxic (
    conversation INTEGER NOT NULL, comment INTEGER NOT NULL, source TEXT NOT NULL, community TEXT NOT NULL, of_a_group INTEGER NOT NULL,
    since INTEGER NOT NULL, arrived INTEGER NOT NULL, PRIMARY KEY (conversation, comment)) WITHOUT ROWID;
CREATE INDEX toxic_arrived ON toxic (arrived);
CREATE TABLE mutes (
    name TEXT PRIMARY KEY, version INTEGER NOT NULL, source TEXT, community TEXT, until INTEGER NOT NULL, record BLOB NOT NULL)
    WITHOUT ROWID;
CREATE TABLE handling (
    pileon_id TEXT NOT NULL, place INTEGER NOT NULL, step TEXT NOT NULL, who TEXT NOT NULL, instead_of TEXT, note TEXT,
    said INTEGER NOT NULL, arrived INTEGER NOT NULL, PRIMARY KEY (pileon_id, place)) WITHOUT ROWID;
CREATE TABLE held (
    pileon_id TEXT PRIMARY KEY, who TEXT NOT NULL, since INTEGER NOT NULL, arrived INTEGER NOT NULL) WITHOUT ROWID;
"""


class Unusable(UserError):
    """The read model cannot be used as it is. What it holds stands in the topics too, so ``--rebuild`` mends it."""

    def __init__(self, file: Path, why: str) -> None:
        super().__init__(f"the read model {file} {why}: `threadwatch console --rebuild` makes it anew from the topics")


def open_to_write(file: Path, prefix: str, rebuild: bool = False) -> sqlite3.Connection:
    """Return the one connection that writes, to a file that is there or is made. Unusable where it is no read model of these topics."""
    try:
        if rebuild:
            _removed(file)
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.exists():
            os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))  # it is nobody else's
    except OSError as error:
        raise UserError(f"the read model {file} cannot be made: {error.strerror}; --model names another place") from error
    connection = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    try:
        _prepared(connection, file, prefix)
    except sqlite3.DatabaseError as error:
        connection.close()
        raise Unusable(file, f"cannot be read ({error})") from error
    except UserError:
        connection.close()
        raise
    return connection


def _prepared(connection: sqlite3.Connection, file: Path, prefix: str) -> None:
    # Nothing in it: new, or killed while it was made.
    is_new = not _asked(connection, "SELECT count(*) FROM sqlite_master") and not _asked(connection, "PRAGMA application_id")
    if not is_new:
        _check(connection, file, prefix)
    # secure_delete: of what is deleted SQLite leaves what it cannot help. temp_store: no files of its own.
    for pragma in ("secure_delete=ON", "journal_mode=WAL", "synchronous=NORMAL", "temp_store=MEMORY", "cache_size=-65536"):
        connection.execute(f"PRAGMA {pragma}").fetchall()
    if is_new:
        _made(connection, prefix)


def _made(connection: sqlite3.Connection, prefix: str) -> None:
    connection.execute("BEGIN IMMEDIATE")
    for statement in (*TABLES.split(";"), f"PRAGMA application_id={_OURS}", f"PRAGMA user_version={VERSION}"):
        connection.execute(statement)
    connection.execute("INSERT INTO meta VALUES ('prefix', ?), ('change', '0')", (prefix,))
    connection.execute("COMMIT")


def _check(connection: sqlite3.Connection, file: Path, prefix: str) -> None:
    if _asked(connection, "PRAGMA application_id") != _OURS:
        raise Unusable(file, "is of another program")
    if (version := _asked(connection, "PRAGMA user_version")) != VERSION:
        raise Unusable(file, f"is of version {version}, this program reads {VERSION}")
    if (found := _asked(connection, "SELECT value FROM meta WHERE name = 'prefix'")) != prefix:
        raise Unusable(file, f"is of the topics {found}*, not {prefix}*")


def _asked(connection: sqlite3.Connection, query: str) -> Any:
    return (connection.execute(query).fetchone() or (None,))[0]


def _removed(file: Path) -> None:
    """Remove a read model and SQLite's files beside it. UserError where the file looks like somebody's own."""
    with suppress(FileNotFoundError):
        with file.open("rb") as begun:
            head = begun.read(len(_HEADER))
        if head and head != _HEADER and file.suffix != ".db":
            raise UserError(f"{file} is no read model; nothing was removed: --model names another place")
    for path in (file, *(file.with_name(file.name + end) for end in ("-wal", "-shm"))):
        path.unlink(missing_ok=True)
    shutil.rmtree(folder_of(file), ignore_errors=True)


def held(file: Path) -> int:
    """Return a lock on the file's name, held until the process ends. UserError where another console has it."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        lock = os.open(file.with_name(file.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise UserError(f"the read model {file} cannot be made: {error.strerror}; --model names another place") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(lock)
        raise UserError(f"another console runs on the read model {file}: --model names another place") from error
    return lock


def open_to_read(file: Path) -> sqlite3.Connection:
    """Return a connection that cannot write; close it soon, or the log of writes grows."""
    connection = sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA temp_store=MEMORY")
    return connection
