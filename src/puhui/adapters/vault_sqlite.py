"""The vault's store on SQLite: one file in a folder that only the zone's account may enter.

Promises: a batch is durable once it is left (WAL, synchronous FULL) or leaves no trace; removed bytes are
overwritten (secure_delete), and `scrub` takes the older copies out of the write-ahead log too.
The file holds tokens, keyed digests and ciphertext. Whoever takes it without the key folder learns how many
subjects there are, of which kinds, since when, and how many share a name; nothing of who they are.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import repeat
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from puhui.adapters.vault_index import PACKED, SCHEMA, IdentifierIndex, Packed
from puhui.model.refusal import Said
from puhui.model.refusals import Broken, Busy, HomeRefused
from puhui.model.subject import TOKEN_KIND_AT
from puhui.subjects.keyed import Digests, numbered
from puhui.subjects.store import SealedCase, SealedRecord, SealedRows, Tombstone

SCHEMA_VERSION = 2

# A token is stored as its kind letter and ten random bytes: city and zone are the same for the whole vault.
# Its first eight random bytes are the subject's number: look-ups by whole numbers take half the time of look-ups by
# bytes. Should two ever share it (a chance of one in a million at six million subjects), the second is refused, never
# taken for the first. Rows of subjects stand in the order of their adoption, so that a batch writes its own pages and
# those of a small index instead of every page there is.
_SCHEMA = f"""
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE subject (
    id INTEGER PRIMARY KEY, number INTEGER NOT NULL UNIQUE, token BLOB NOT NULL, created TEXT NOT NULL,
    cipher INTEGER NOT NULL, wrapped_by INTEGER NOT NULL, wrapped BLOB NOT NULL, body BLOB NOT NULL);
{SCHEMA};
CREATE TABLE name (digest BLOB, token BLOB, PRIMARY KEY (digest, token)) WITHOUT ROWID;
CREATE TABLE source (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE mark (
    subject INTEGER, source INTEGER, digest BLOB NOT NULL, PRIMARY KEY (subject, source)) WITHOUT ROWID;
CREATE TABLE resolve_case (
    key BLOB PRIMARY KEY, state TEXT NOT NULL, token BLOB,
    cipher INTEGER NOT NULL, sealed_by INTEGER NOT NULL, body BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE tombstone (
    id INTEGER PRIMARY KEY, token BLOB NOT NULL UNIQUE, at TEXT NOT NULL, officer TEXT NOT NULL,
    reason TEXT NOT NULL, commitment BLOB NOT NULL);
CREATE TRIGGER tombstone_stays BEFORE DELETE ON tombstone BEGIN SELECT raise(ABORT, 'tombstones stay'); END;
CREATE TRIGGER tombstone_is_final BEFORE UPDATE ON tombstone
    BEGIN SELECT raise(ABORT, 'tombstones stay'); END;
"""
_RECORD = "token, created, cipher, wrapped_by, wrapped, body"
Numbers = npt.NDArray[np.int64]
_HEX_DIGITS = np.array([list(f"{byte:02x}".encode()) for byte in range(256)], np.uint8).view(np.uint16).reshape(-1)
_TOKEN_SIZE = TOKEN_KIND_AT + 1 + 2 * (PACKED - 1)
_DIGIT_VALUES = np.zeros(256, np.uint8)
_DIGIT_VALUES[list(b"0123456789abcdef")] = range(16)


class SqliteVault:
    """A VaultStore in one SQLite file. Not for several threads at once: open one for each."""

    def __init__(self, file: Path, *, city: str, zone: str, patience: float = 30) -> None:
        """`patience`: seconds to wait for another writer before Busy."""
        self._prefix = city + zone
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file.parent.chmod(0o700)
        os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
        self._db = sqlite3.connect(file, isolation_level=None, timeout=patience)
        self._identifiers = IdentifierIndex(self._db)
        try:
            self._prepare()
        except sqlite3.DatabaseError as error:
            self._db.close()
            raise _damaged() from error

    def close(self) -> None:
        self._db.close()

    def _prepare(self) -> None:
        for pragma in (
            "journal_mode = WAL",
            "synchronous = FULL",
            "secure_delete = ON",
            "temp_store = MEMORY",  # asked-for digests never reach a temporary file
            "cache_size = -65536",
            "trusted_schema = OFF",
        ):
            self._db.execute(f"PRAGMA {pragma}")
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        if version not in (0, SCHEMA_VERSION):
            raise _other_version(newer=version > SCHEMA_VERSION)
        if version == 0:
            with self.batch():
                if not self._db.execute("SELECT 1 FROM sqlite_schema WHERE name = 'subject'").fetchone():
                    self._run(_SCHEMA)
                self._db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        self._db.execute("CREATE TEMP TABLE asked (value INTEGER PRIMARY KEY)")

    def _run(self, script: str) -> None:
        """Statement by statement: `executescript` would end the transaction."""
        statement = ""
        for line in script.splitlines():
            statement += line + "\n"
            if sqlite3.complete_statement(statement):
                self._db.execute(statement)
                statement = ""

    @contextmanager
    def batch(self) -> Iterator[None]:
        """A transaction; within another one, a part of it."""
        if self._db.in_transaction:
            yield
            return
        try:
            self._db.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            raise _busy() from error
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        finally:
            self._identifiers.forget()
        self._db.execute("COMMIT")

    def meta(self) -> Mapping[str, str]:
        return dict(self._db.execute("SELECT name, value FROM meta"))

    def write_meta(self, facts: Mapping[str, str]) -> None:
        self._insert("INSERT INTO meta VALUES (?, ?)", facts.items())

    # --- look-ups ---

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """What is read in here is of one moment."""
        if self._db.in_transaction:
            yield
            return
        self._db.execute("BEGIN")
        try:
            yield
        finally:
            self._db.execute("ROLLBACK")
            self._identifiers.forget()

    @contextmanager
    def _asking(self, numbers: Numbers) -> Iterator[None]:
        """Fills `asked` in order, so that a join walks the index in one direction."""
        with self._reading():
            self._db.execute("DELETE FROM asked")
            self._db.executemany("INSERT INTO asked VALUES (?)", zip(np.unique(numbers).tolist(), strict=True))
            yield

    def tokens_of(self, digests: Digests) -> pa.DictionaryArray:
        with self._reading():
            known, packed = self._identifiers.find(digests)
        held = packed[known]
        numbers, first = numbered(_numbers(held))
        indices = np.zeros(len(known), np.int32)
        indices[known] = numbers
        return pa.DictionaryArray.from_arrays(pa.array(indices, mask=~known), self._texts(held[first]))

    def token_of(self, digest: bytes) -> str:
        packed = self._identifiers.find_one(digest)
        return self._text(packed) if packed else ""

    def tokens_named(self, digests: Sequence[bytes]) -> list[tuple[str, ...]]:
        sql = "SELECT token FROM name WHERE digest = ? ORDER BY token"
        rows = (self._db.execute(sql, (digest,)).fetchall() for digest in digests)
        return [tuple(self._text(token) for (token,) in found) for found in rows]

    def records(self, tokens: Sequence[str]) -> dict[str, SealedRecord]:
        with self._asking(np.array([_number(token) for token in tokens], np.int64)):
            sql = f"SELECT {_RECORD} FROM asked CROSS JOIN subject ON number = value"
            rows = self._db.execute(sql).fetchall()
        asked = set(tokens)
        return {record.token: record for record in map(self._record, rows) if record.token in asked}

    def wrapped_key(self, token: str) -> tuple[int, int, bytes] | None:
        sql = "SELECT cipher, wrapped_by, wrapped, token FROM subject WHERE number = ?"
        row = self._db.execute(sql, (_number(token),)).fetchone()
        return row[:3] if row and self._text(row[3]) == token else None

    def every_record(self, kinds: str) -> Iterator[SealedRecord]:
        letters = ", ".join(f"x'{ord(kind):02x}'" for kind in kinds)
        where = f"substr(token, 1, 1) IN ({letters})"
        for row in self._db.execute(f"SELECT {_RECORD} FROM subject WHERE {where}"):
            yield self._record(row)

    def count(self) -> int:
        return int(self._db.execute("SELECT count(*) FROM subject").fetchone()[0])

    # --- writing ---

    def add(self, rows: SealedRows) -> None:
        packed = _packed(rows.tokens)
        numbers = _numbers(packed)
        order = np.argsort(numbers)
        columns = (
            numbers[order].tolist(),
            _slices(packed[order]),
            repeat(rows.created),
            repeat(rows.cipher),
            repeat(rows.wrapped_by),
            map(rows.wrapped.__getitem__, order.tolist()),
            map(rows.bodies.__getitem__, order.tolist()),
        )
        self._insert(
            f"INSERT INTO subject (number, {_RECORD}) VALUES (?, ?, ?, ?, ?, ?, ?)", zip(*columns, strict=False)
        )

    def replace(self, records: Iterable[SealedRecord]) -> None:
        self._db.executemany(
            "UPDATE subject SET cipher = ?, wrapped_by = ?, wrapped = ?, body = ? WHERE number = ?",
            ((r.cipher, r.wrapped_by, r.wrapped, r.body, _number(r.token)) for r in records),
        )

    def index(self, digests: Digests, tokens: Sequence[str]) -> None:
        try:
            self._identifiers.add(digests, _packed(tokens))
        except sqlite3.IntegrityError as error:
            raise _damaged() from error

    def index_names(self, pairs: Iterable[tuple[bytes, str]]) -> None:
        rows = sorted((digest, _pack(token)) for digest, token in pairs)
        self._db.executemany("INSERT OR IGNORE INTO name VALUES (?, ?)", rows)

    def _insert(self, sql: str, rows: Iterable[tuple[object, ...]]) -> None:
        try:
            self._db.executemany(sql, rows)
        except sqlite3.IntegrityError as error:
            raise _damaged() from error

    def marks(self, source: str, tokens: Sequence[str]) -> list[bytes]:
        numbers = np.array([_number(token) for token in tokens], np.int64)
        sql = "SELECT subject, digest FROM asked CROSS JOIN mark ON subject = value AND source = ?"
        with self._asking(numbers):
            found = dict(self._db.execute(sql, (self._source(source),)).fetchall())
        return [found.get(number, b"") for number in numbers.tolist()]

    def set_marks(self, source: str, pairs: Iterable[tuple[str, bytes]]) -> None:
        self._db.execute("INSERT OR IGNORE INTO source (name) VALUES (?)", (source,))
        where = self._source(source)
        rows = sorted((_number(token), where, digest) for token, digest in pairs)
        self._db.executemany("INSERT OR REPLACE INTO mark VALUES (?, ?, ?)", rows)

    def _source(self, name: str) -> int:
        row = self._db.execute("SELECT id FROM source WHERE name = ?", (name,)).fetchone()
        return int(row[0]) if row else 0

    # --- cases ---

    def case(self, key: bytes) -> SealedCase | None:
        row = self._db.execute("SELECT * FROM resolve_case WHERE key = ?", (key,)).fetchone()
        return self._case(row) if row else None

    def cases(self) -> list[SealedCase]:
        return [self._case(row) for row in self._db.execute("SELECT * FROM resolve_case ORDER BY key")]

    def put_case(self, case: SealedCase) -> None:
        token = _pack(case.token) if case.token else None
        row = (case.key, case.state, token, case.cipher, case.sealed_by, case.body)
        self._db.execute("INSERT OR REPLACE INTO resolve_case VALUES (?, ?, ?, ?, ?, ?)", row)

    def drop_case(self, key: bytes) -> None:
        self._db.execute("DELETE FROM resolve_case WHERE key = ?", (key,))

    def _case(self, row: tuple[bytes, str, bytes | None, int, int, bytes]) -> SealedCase:
        key, state, token, cipher, sealed_by, body = row
        return SealedCase(key, state, self._text(token) if token else "", cipher, sealed_by, body)

    # --- erasure ---

    def bury(self, tombstone: Tombstone, identifiers: Digests, names: Sequence[bytes]) -> None:
        token = _pack(tombstone.token)
        self._identifiers.remove(identifiers, token)
        self._db.executemany("DELETE FROM name WHERE digest = ? AND token = ?", [(d, token) for d in names])
        self._db.execute("DELETE FROM mark WHERE subject = ?", (_number(tombstone.token),))
        self._db.execute("DELETE FROM subject WHERE token = ? AND number = ?", (token, _number(tombstone.token)))
        self._db.execute(
            "INSERT OR IGNORE INTO tombstone (token, at, officer, reason, commitment) VALUES (?, ?, ?, ?, ?)",
            (token, tombstone.at, tombstone.by, tombstone.reason, tombstone.commitment),
        )

    def tombstones(self) -> list[Tombstone]:
        rows = self._db.execute("SELECT token, at, officer, reason, commitment FROM tombstone ORDER BY id")
        return [Tombstone(self._text(token), *rest) for token, *rest in rows]

    def scrub(self) -> None:
        blocked = self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        if blocked:
            raise _busy()

    # --- forms ---

    def _text(self, packed: bytes) -> str:
        return f"{self._prefix}{chr(packed[0])}{packed[1:].hex()}"

    def _texts(self, packed: Packed) -> pa.StringArray:
        """`_text` for many at once."""
        count = len(packed)
        text = np.empty((count, _TOKEN_SIZE), np.uint8)
        text[:, :TOKEN_KIND_AT] = np.frombuffer(self._prefix.encode(), np.uint8)
        text[:, TOKEN_KIND_AT] = packed[:, 0]
        text[:, TOKEN_KIND_AT + 1 :] = _HEX_DIGITS[packed[:, 1:]].view(np.uint8)
        offsets = np.arange(count + 1, dtype=np.int32) * np.int32(text.shape[1])
        return pa.StringArray.from_buffers(count, pa.py_buffer(offsets), pa.py_buffer(text))

    def _record(self, row: tuple[bytes, str, int, int, bytes, bytes]) -> SealedRecord:
        token, created, cipher, wrapped_by, wrapped, body = row
        return SealedRecord(self._text(token), created, cipher, wrapped_by, wrapped, body)


def _number(token: str) -> int:
    """A token's row number: its first eight random bytes as a signed whole number."""
    unsigned = int(token[TOKEN_KIND_AT + 1 : TOKEN_KIND_AT + 17], 16)
    return unsigned - (1 << 64) if unsigned >> 63 else unsigned


def _pack(token: str) -> bytes:
    return token[TOKEN_KIND_AT].encode() + bytes.fromhex(token[TOKEN_KIND_AT + 1 :])


def _packed(tokens: Sequence[str]) -> Packed:
    """`_pack` for many at once."""
    text = np.frombuffer("".join(tokens).encode(), np.uint8).reshape(len(tokens), _TOKEN_SIZE)[:, TOKEN_KIND_AT:]
    digits = _DIGIT_VALUES[text[:, 1:]]
    return np.concatenate([text[:, :1], digits[:, 0::2] << 4 | digits[:, 1::2]], axis=1)


def _numbers(packed: Packed) -> Numbers:
    """`_number` for many at once."""
    return np.ascontiguousarray(packed[:, 1:9]).view(">i8").astype(np.int64).reshape(-1)


def _slices(packed: Packed) -> list[bytes]:
    raw = packed.tobytes()
    return [raw[at : at + PACKED] for at in range(0, len(raw), PACKED)]


def _other_version(*, newer: bool) -> HomeRefused:
    if newer:
        return HomeRefused(
            Said("身份库由更新的版本创建", "the vault was made by a newer version"),
            todo=Said("升级后再打开", "upgrade, then open it again"),
        )
    return HomeRefused(
        Said("身份库由试用期的旧版本创建，格式已改", "the vault was made by an older trial version of another form"),
        todo=Said("新建专区后重新报送", "make a new home and deliver the files again"),
    )


def _busy() -> Busy:
    return Busy(
        Said("另一进程正在写身份库", "another process is writing the vault"),
        todo=Said("等它结束后重试", "wait until it has finished, then try again"),
    )


def _damaged() -> Broken:
    return Broken(
        Said("身份库文件损坏或内容自相矛盾", "the vault's file is damaged or contradicts itself"),
        todo=Said("从备份恢复，再重放销毁日志", "restore a backup and replay the journal of erasures"),
    )
