"""Erasure: a subject's row, index entries and key are destroyed; a tombstone stays, in the vault and in a
journal.

Promises: the journal is durable before anything is destroyed, so that an erasure once begun is finished at
the next start, and a restored backup forgets again what it should not know (`replay`). The token stays erased
for good: the same identifier delivered anew gets a new token, and nothing links the two.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import msgspec
import pyarrow as pa

from puhui.model.refusal import Said
from puhui.model.refusals import Broken, LegalHold, NoSubject, NotAllowed
from puhui.model.subject import Subject
from puhui.subjects.adoption import indexed_texts
from puhui.subjects.resolve import forget
from puhui.subjects.store import Tombstone
from puhui.subjects.vault import Vault


@dataclass(frozen=True, slots=True)
class Hold:
    """A duty to keep: the article that asks for it and its last day (None: until it is lifted)."""

    article: str
    until: date | None = None

    def runs(self, at: date) -> bool:
        return self.until is None or at <= self.until


class _Entry(msgspec.Struct, frozen=True):
    token: str
    at: str
    by: str
    reason: str
    commitment: str


def erase(vault: Vault, subject: Subject, *, by: str, reason: str, at: date, holds: Sequence[Hold]) -> Tombstone:
    """Erases a subject for good. `reason`: a ground in a few words, without personal data. Repeatable.

    Raises LegalHold while a hold runs, NotAllowed without officer or reason, NoSubject for an unknown token.
    """
    gone = _checked(vault, subject, by, reason, at, holds)
    if gone is not None:
        return gone
    entry = _committed(vault, subject.token, at.isoformat(), by, reason)
    vault.journal.append(msgspec.json.encode(entry))
    stone = _stone(entry)
    _bury(vault, [stone])
    return stone


def check_may_erase(vault: Vault, subject: Subject, *, by: str, reason: str, at: date, holds: Sequence[Hold]) -> None:
    """Raises what `erase` would, before anything is done."""
    _checked(vault, subject, by, reason, at, holds)


def _checked(vault: Vault, subject: Subject, by: str, reason: str, at: date, holds: Sequence[Hold]) -> Tombstone | None:
    """The tombstone, where the subject is erased already."""
    if not by or not reason:
        raise _no_reason()
    running = [hold for hold in holds if hold.runs(at)]
    if running:
        raise _held(running[0])
    gone = {stone.token: stone for stone in vault.store.tombstones()}
    if subject.token not in gone and subject.token not in vault.store.records([subject.token]):
        raise _unknown()
    return gone.get(subject.token)


def replay(vault: Vault) -> int:
    """Carries out what the journal says and the store has not done: after a crash, or in a restored backup.

    Returns how many were buried. Call it before the vault serves. Raises Broken where the journal was
    changed.
    """
    done = {stone.token for stone in vault.store.tombstones()}
    entries = _journal(vault)
    missing = [_stone(entry) for entry in entries if entry.token not in done]
    if missing:
        _bury(vault, missing)
    return len(missing)


def erased_tokens(vault: Vault) -> list[str]:
    """Tokens whose rows the lake drops when it compacts, whose figures are unknown(erased); oldest first."""
    return [stone.token for stone in vault.store.tombstones()]


def _bury(vault: Vault, stones: Sequence[Tombstone]) -> None:
    with vault.batch():
        for stone in stones:
            opened = vault.open_records([stone.token]).get(stone.token)
            texts: list[str] = []
            names: list[bytes] = []
            if opened:
                texts = indexed_texts(opened.record)
                parts = [vault.places.parts(entry.name) for entry in opened.record.names]
                names = [digest for one in parts for digest in vault.name_digests(one)]
            vault.store.bury(stone, vault.identifier_digests(pa.array(texts, pa.string())), names)
            forget(vault, stone.token)
    vault.store.scrub()


def _committed(vault: Vault, token: str, at: str, by: str, reason: str) -> _Entry:
    before = _journal(vault)
    last = before[-1].commitment if before else ""
    return _Entry(token, at, by, reason, _commitment(vault, last, token, at, by, reason))


def _commitment(vault: Vault, *parts: str) -> str:
    return vault.commitment(msgspec.json.encode(parts).decode()).hex()


def _journal(vault: Vault) -> list[_Entry]:
    """The journal's entries, each of which commits to the one before."""
    entries, last = [], ""
    for line in vault.journal.entries():
        try:
            entry = msgspec.json.decode(line, type=_Entry)
        except msgspec.DecodeError:
            raise _changed() from None
        expected = _commitment(vault, last, entry.token, entry.at, entry.by, entry.reason)
        if not hmac.compare_digest(expected, entry.commitment):
            raise _changed()
        entries.append(entry)
        last = entry.commitment
    return entries


def _stone(entry: _Entry) -> Tombstone:
    return Tombstone(entry.token, entry.at, entry.by, entry.reason, bytes.fromhex(entry.commitment))


def _held(hold: Hold) -> LegalHold:
    zh = f"（至 {hold.until}）" if hold.until else ""
    en = f" until {hold.until}" if hold.until else ""
    return LegalHold(
        Said(f"法定保存期未满{zh}", f"a legal hold runs{en}"),
        todo=Said("期满或解除后再申请", "ask again when it has ended or was lifted"),
        article=hold.article,
    )


def _no_reason() -> NotAllowed:
    return NotAllowed(
        Said("删除主体须有经办人和依据", "an erasure needs an officer and a ground"),
        todo=Said("补充 --by 与 --reason", "give --by and --reason"),
    )


def _unknown() -> NoSubject:
    return NoSubject(
        Said("没有这个主体", "there is no such subject"),
        todo=Said("核对标识后重试", "check the identifier and try again"),
    )


def _changed() -> Broken:
    return Broken(
        Said("删除日志被改动或与密钥不符", "the journal of erasures was changed or belongs to other keys"),
        todo=Said("从见证方或备份恢复删除日志后再启动", "restore the journal before the zone serves"),
    )
