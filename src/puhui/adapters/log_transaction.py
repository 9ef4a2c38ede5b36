"""One open transaction of the log: what a batch looks up, and what it writes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache

from puhui.adapters.log_sql import Row, Speech, packed, read_moment, read_moment_or_none
from puhui.ledger.entries import EventRow
from puhui.ledger.refused import broken
from puhui.ledger.store import (
    AskedRow,
    ContractState,
    Count,
    EntryRow,
    Facts,
    KeyState,
    LetterState,
    Rows,
    StoredCheckpoint,
    Wanted,
)
from puhui.wire.tlog import HASH_SIZE, Frontier

_ENTRY = ('"index"', "entry", "kind", "at", "subject", "institution", "key_id", "sealed", "batch_size")
_ASKED = AskedRow._fields
ENTRY, ASKED = ", ".join(_ENTRY), ", ".join(_ASKED)
_LETTER = (
    *("l.id", "l.state", "l.version", "l.institution", "l.subject", "l.start", 'l."end"', "l.cap", 'l."window"'),
    *("l.uses", "l.uses_in_window", "l.window_started"),
)


class Transaction:
    """`LogTransaction` on a connection that is in a transaction."""

    def __init__(self, speech: Speech) -> None:
        self._speech = speech

    def tree(self) -> Frontier:
        lock = "FOR UPDATE" if self._speech.for_update else ""
        sql = f"SELECT size, frontier FROM records_logtree WHERE id = 1 {lock}"
        if not (found := self._speech.rows(sql)):
            self._speech.insert("records_logtree", ("id", "size", "frontier"), [(1, 0, b"")], "ON CONFLICT DO NOTHING")
            found = self._speech.rows(sql)
        return tree_of(found[0])

    def events(self, limit: int) -> list[EventRow]:
        sql = (
            "SELECT id, at, kind, actor, subject, detail FROM records_event WHERE NOT taken_by_ledger"
            f" ORDER BY id LIMIT {int(limit)}"
        )
        return [EventRow(row[0], read_moment(row[1]), *row[2:]) for row in self._speech.rows(sql)]

    def nonces_since(self, entry: int | None, repeat: int, bucket: int) -> tuple[list[tuple[int, str, str]], int]:
        speech = self._speech
        if entry is None:  # back from the end, as far as questions are young enough
            older = "SELECT entry FROM records_asked WHERE bucket < ? ORDER BY entry DESC LIMIT 1"
            entry = next((row[0] + 1 for row in speech.rows(older, (bucket,))), 0)
        sql = "SELECT bucket, institution, nonce FROM records_asked WHERE entry >= ? AND bucket >= ?"
        found = speech.rows(f"{sql} AND nonce IS NOT NULL", (entry, bucket))
        repeats = speech.rows("SELECT id, bucket, institution, nonce FROM records_repeat WHERE id > ?", (repeat,))
        found += [row[1:] for row in repeats if row[1] >= bucket]
        return [(row[0], row[1], row[2]) for row in found], max((row[0] for row in repeats), default=repeat)

    def facts(self, wanted: Wanted) -> Facts:
        return Facts(
            answered=self._answered(wanted),
            letters=self._letters(wanted.letters),
            contracts=self._contracts(wanted.contracts),
            keys=self._keys(wanted.keys),
            counters=self._counters(wanted),
            shown=self._shown(wanted),
        )

    # --- looking up ---

    def _found(
        self, columns: Sequence[str], rest: str, rows: Sequence[Row], casts: Sequence[str], lock: str = ""
    ) -> list[Row]:
        """The rows that join the given ones, `j`. Nothing is asked where nothing is given."""
        if not rows:
            return []
        speech = self._speech
        return speech.read(columns, speech.spoken(rest.format(j=speech.given(*casts))), (packed(rows),), lock)

    def _answered(self, wanted: Wanted) -> dict[tuple[str, str], tuple[int, bytes]]:
        columns = ("a.institution", "a.idempotency_key", "a.entry", self._speech.hex("a.content"))
        rest = "FROM {j} CROSS JOIN records_asked a WHERE a.institution = j.c0 AND a.idempotency_key = j.c1"
        hits = self._found(columns, rest, wanted.idempotency_keys, ("text", "text"))
        return {(who, key): (entry, bytes.fromhex(content)) for who, key, entry, content in hits}

    def _letters(self, ids: Sequence[str]) -> dict[str, LetterState]:
        rest = "FROM {j} CROSS JOIN records_letter l WHERE l.id = j.c0"
        hits = self._found(_LETTER, rest, [(one,) for one in ids], ("text",), self._speech.for_update.format("l"))
        return {
            row[0]: LetterState(
                state=row[1],
                version=row[2],
                institution=row[3],
                subject=row[4],
                start=read_moment(row[5]),
                end=read_moment(row[6]),
                cap=row[7],
                window=row[8],
                uses=row[9],
                uses_in_window=row[10],
                window_started=read_moment_or_none(row[11]),
            )
            for row in hits
        }

    def _contracts(self, ids: Sequence[str]) -> dict[str, ContractState]:
        digest = self._speech.hex("c.digest")
        columns = ("c.id", "c.state", "c.institution_id", digest, "c.valid_from", "c.valid_until", "c.ended_at")
        rest = "FROM {j} CROSS JOIN records_contract c WHERE c.id = j.c0"
        hits = self._found(columns, rest, [(one,) for one in ids], ("text",), self._speech.for_share.format("c"))
        return {
            row[0]: ContractState(
                state=row[1],
                institution=row[2],
                digest=bytes.fromhex(row[3]),
                valid_from=read_moment(row[4]),
                valid_until=read_moment(row[5]),
                ended_at=read_moment_or_none(row[6]),
            )
            for row in hits
        }

    def _keys(self, ids: Sequence[str]) -> dict[str, KeyState]:
        columns = ("k.id", "k.institution_id", "i.state", "k.not_before", "k.not_after", "k.revoked_at")
        rest = (
            "FROM {j} CROSS JOIN records_institutionkey k CROSS JOIN records_institution i"
            " WHERE k.id = j.c0 AND i.id = k.institution_id"
        )
        hits = self._found(columns, rest, [(one,) for one in ids], ("text",), self._speech.for_share.format("k, i"))
        return {
            row[0]: KeyState(
                institution=row[1],
                admitted=row[2] == "admitted",
                not_before=read_moment(row[3]),
                not_after=read_moment(row[4]),
                revoked_at=read_moment_or_none(row[5]),
            )
            for row in hits
        }

    def _counters(self, wanted: Wanted) -> dict[tuple[str, str, str], Count]:
        columns = ("n.contract", "n.product", 'n."window"', "n.count", "n.answered", "n.fen")
        rest = (
            'FROM {j} CROSS JOIN records_counter n WHERE n.contract = j.c0 AND n.product = j.c1 AND n."window" = j.c2'
        )
        hits = self._found(columns, rest, wanted.counters, ("text", "text", "text"))
        return {(row[0], row[1], row[2]): Count(row[3], row[4], row[5]) for row in hits}

    def _shown(self, wanted: Wanted) -> dict[tuple[str, str], list[tuple[str, datetime]]]:
        """Through the index of the subject's entries: few products clash, so this is rare and needs none of its own."""
        rest = (
            "FROM {j} CROSS JOIN records_logentry e CROSS JOIN records_asked a"
            " WHERE e.subject = j.c1 AND a.entry = e.\"index\" AND a.institution = j.c0 AND a.code = ''"
            " GROUP BY a.institution, a.subject, a.product"
        )
        columns = ("a.institution", "a.subject", "a.product", "max(a.at)")
        found: dict[tuple[str, str], list[tuple[str, datetime]]] = {}
        if not wanted.shown:
            return found
        speech = self._speech
        sql = f"SELECT {', '.join(columns)} {rest.format(j=speech.given('text', 'text'))}"
        for institution, subject, product, at in speech.rows(sql, (packed(wanted.shown),)):
            found.setdefault((institution, subject), []).append((product, read_moment(at)))
        return found

    # --- writing ---

    def write(
        self, entries: Sequence[EntryRow], rows: Rows, tree: Frontier, checkpoint: StoredCheckpoint | None
    ) -> None:
        speech = self._speech
        moment = cache(speech.moment)
        templates = [(name.hex(), body) for name, body in rows.templates.items()]
        speech.insert("records_recordtemplate", ("name", "body"), templates, "ON CONFLICT DO NOTHING")
        speech.insert("records_logentry", _ENTRY, [_leaf(row, moment(row.at)) for row in entries])
        speech.insert("records_asked", _ASKED, [(*row[:-1], moment(row.at)) for row in rows.asked])
        repeats = [(one.institution, one.bucket, one.nonce, one.entry, moment(one.at)) for one in rows.repeats]
        speech.insert("records_repeat", ("institution", "bucket", "nonce", "entry", "at"), repeats)
        self._count(rows)
        if checkpoint:
            tree_row = (tree.size, b"".join(tree.hashes))
            speech.run("UPDATE records_logtree SET size = ?, frontier = ? WHERE id = 1", tree_row)
            row = (checkpoint.size, checkpoint.note, moment(checkpoint.at), False)
            speech.insert("records_checkpoint", ("size", "note", "at", "published"), [row])

    def _count(self, rows: Rows) -> None:
        speech = self._speech
        counted = [(*name, count.count, count.answered, count.fen) for name, count in rows.counters.items()]
        tail = (
            'ON CONFLICT (contract, product, "window") DO UPDATE SET'
            " count = excluded.count, answered = excluded.answered, fen = excluded.fen"
        )
        columns = ("contract", "product", '"window"', "count", "answered", "fen")
        speech.insert("records_counter", columns, counted, tail)
        used = [
            (name, one.uses, one.uses_in_window, str(speech.moment(one.window_started)) if one.window_started else None)
            for name, one in rows.letters.items()
        ]
        if used:
            sql = (
                "UPDATE records_letter SET uses = j.c1, uses_in_window = j.c2, window_started = j.c3"
                f" FROM {speech.given('text', 'integer', 'integer', speech.moment_type)} WHERE id = j.c0"
            )
            speech.run(sql, (packed(used),))
        if rows.events:
            given = speech.given("bigint")
            sql = f"UPDATE records_event SET taken_by_ledger = {speech.true} WHERE id IN (SELECT c0 FROM {given})"
            speech.run(sql, (packed([(one,) for one in rows.events]),))


def _leaf(row: EntryRow, at: object) -> Row:
    """The columns of _ENTRY."""
    who = (row.subject, row.institution, row.key_id)
    return (row.index, row.entry, row.kind, at, *who, row.sealed, row.batch_size)


def tree_of(row: Row) -> Frontier:
    """The frontier of a row of size and hashes. Raises LogBroken where they are none."""
    size, raw = row[0], bytes(row[1])
    try:
        return Frontier(size, tuple(raw[at : at + HASH_SIZE] for at in range(0, len(raw), HASH_SIZE)))
    except ValueError:
        raise broken("日志树的状态已损坏", "the state of the log's tree is damaged") from None


def entry_row(row: Row) -> EntryRow:
    """The entry of a row of ENTRY."""
    index, entry, kind, at, subject, institution, key_id, sealed, batch_size = row
    return EntryRow(index, bytes(entry), kind, read_moment(at), subject, institution, key_id, bytes(sealed), batch_size)


def asked_row(row: Row) -> AskedRow:
    """The question of a row of ASKED."""
    return AskedRow(*row)._replace(content=bytes(row[5]), at=read_moment(row[17]))
