"""The vault: the only place that turns an identifier into a token and a token back into a person or a firm.

Promises: one random token per subject, repeatable look-up, each subject's record under a key of its own. A
vault opened with other keys than it was made with refuses at once, so that nobody is adopted twice by
mistake.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cached_property

import msgspec
import pyarrow as pa

from puhui.model.keys import Key, KeyStore
from puhui.model.refusal import Said
from puhui.model.refusals import Broken, HomeRefused
from puhui.model.regions import places_of
from puhui.model.subject import SubjectKind
from puhui.subjects import seal
from puhui.subjects.names import NameParts, PlaceNames
from puhui.subjects.store import ErasureJournal, SealedRecord, VaultStore

INDEX_KEY, SEAL_KEY, JOURNAL_KEY = "vault-index", "vault-seal", "vault-journal"
ORGANISATIONS = "EIUS"  # kind letters whose names are indexed; persons are never found by name


class NameEntry(msgspec.Struct, frozen=True, array_like=True):
    """A name as delivered: by which resource and parcel, for which period, first seen when (ISO date)."""

    name: str
    resource: str
    parcel: str
    period: str
    first_seen: str

    def __repr__(self) -> str:
        return "NameEntry('…')"


class DetailEntry(msgspec.Struct, frozen=True, array_like=True):
    """An address, phone, account or other vault field as delivered."""

    field: str
    semantic: str
    value: str
    resource: str
    parcel: str
    first_seen: str

    def __repr__(self) -> str:
        return "DetailEntry('…')"


class Record(msgspec.Struct, array_like=True):
    """What the vault holds of a subject. The newest entries are last; nothing is dropped but by erasure."""

    identifiers: list[tuple[str, str]]
    names: list[NameEntry]
    details: list[DetailEntry]

    def __repr__(self) -> str:
        return "Record('…')"

    def current_name(self) -> str:
        return self.names[-1].name if self.names else ""


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(Record)


@dataclass(slots=True)
class Opened:
    """A record with the key that seals it again. Lives for one batch."""

    token: str
    created: str
    record: Record
    key: bytes = field(repr=False)
    wrapped: bytes = field(default=b"", repr=False)
    wrapped_by: int = 0


class Vault:
    """Keyed index and sealed records over a store. One zone of one city; its keys are nobody else's."""

    def __init__(
        self,
        store: VaultStore,
        keys: KeyStore,
        journal: ErasureJournal,
        *,
        city: str,
        zone: str,
        buckets: int = 16,
    ) -> None:
        self.store = store
        self.journal = journal
        self.buckets = buckets
        self._city = city
        self._keys = keys
        self._prefix = city + zone
        self._index, self._sealing = self._open(city, zone)
        self._version = _version(self._sealing)
        self._wrapping = {self._version: self._sealing}

    def __repr__(self) -> str:
        return f"Vault({self._prefix!r})"

    @cached_property
    def places(self) -> PlaceNames:
        """The place names of the zone's city, read when the first name is."""
        return PlaceNames(places_of(self._city))

    def batch(self) -> AbstractContextManager[None]:
        """One transaction over everything that is adopted in it."""
        return self.store.batch()

    # --- opening ---

    def _open(self, city: str, zone: str) -> tuple[Key, Key]:
        meta = self.store.meta()
        if not meta:
            with self.store.batch():
                meta = self.store.meta() or self._found(city, zone)
        if (meta["city"], meta["zone"]) != (city, zone):
            raise HomeRefused(
                Said("身份库属于另一城市或专区", "the vault belongs to another city or zone"),
                todo=Said("核对配置", "check the settings of this home"),
            )
        index, sealing = self._keys.by_id(meta["index_key"]), self._keys.by_id(meta["seal_key"])
        for key in (index, sealing):
            if meta[f"check:{key.id}"] != _check_value(key):
                raise _other_keys()
        return index, self._keys.current(SEAL_KEY)

    def _found(self, city: str, zone: str) -> dict[str, str]:
        """Writes down, once, what the vault is and which keys it was made with."""
        index, sealing = self._keys.current(INDEX_KEY), self._keys.current(SEAL_KEY)
        facts = {"city": city, "zone": zone, "digest": seal.DIGEST_ALGORITHM}
        facts |= {"index_key": index.id, "seal_key": sealing.id}
        facts |= {f"check:{key.id}": _check_value(key) for key in (index, sealing)}
        self.store.write_meta(facts)
        return facts

    # --- the keyed index ---

    def digests(self, messages: Iterable[bytes]) -> list[bytes]:
        """Keyed digests under the zone's index key."""
        return seal.digests(self._index.secret, messages)

    def identifier_digests(self, identifiers: Iterable[str]) -> list[bytes]:
        """Digests of identifiers written `kind|value`."""
        return self.digests(map(str.encode, identifiers))

    def name_digests(self, parts: NameParts) -> tuple[bytes, bytes]:
        """What a name is found by: its full normal form, and its core without place and legal form."""
        full, core = self.digests((f"n|{parts.full}".encode(), f"c|{parts.core}".encode()))
        return full, core

    def tokens_of(self, identifiers: pa.StringArray) -> pa.StringArray:
        """Tokens of identifiers written `kind|value` (normal forms, no nulls), null where unknown."""
        return self.store.tokens_of(self.digests(identifiers.cast(pa.binary()).to_pylist()))

    # --- records ---

    def new(self, kind: SubjectKind, created: str) -> Opened:
        """A fresh subject, not yet stored: a random token, a random key, an empty record."""
        drawn = os.urandom(10 + seal.KEY_SIZE)
        token = f"{self._prefix}{kind.letter}{drawn[:10].hex()}"
        return Opened(token, created, Record([], [], []), drawn[10:])

    def open_records(self, tokens: Sequence[str]) -> dict[str, Opened]:
        """The records of these subjects, decrypted; those erased or unknown are absent."""
        return {token: self._unseal(row) for token, row in self.store.records(tokens).items()}

    def every_organisation(self) -> Iterator[tuple[str, Record]]:
        """Token and record of every subject that is no person; no order."""
        for row in self.store.every_record(ORGANISATIONS):
            yield row.token, self._unseal(row).record

    def sealed(self, opened: Iterable[Opened]) -> list[SealedRecord]:
        """Records ready for the store; a subject without a wrapped key gets it wrapped."""
        wrap = seal.sealer(self._sealing.secret)
        return [self._seal(one, wrap) for one in opened]

    def _seal(self, one: Opened, wrap: Callable[[bytes, bytes], bytes]) -> SealedRecord:
        bound = one.token.encode()
        if not one.wrapped:
            one.wrapped_by = self._version
            one.wrapped = wrap(one.key, b"k|" + bound)
        body = seal.seal(one.key, _ENCODER.encode(one.record), b"r|" + bound)
        return SealedRecord(one.token, one.created, seal.AES_256_GCM, one.wrapped_by, one.wrapped, body)

    def _unseal(self, row: SealedRecord) -> Opened:
        bound = row.token.encode()
        wrapping = self._wrapping_key(row.wrapped_by).secret
        key = seal.open_sealed(row.cipher, wrapping, row.wrapped, b"k|" + bound)
        record = _DECODER.decode(seal.open_sealed(row.cipher, key, row.body, b"r|" + bound))
        return Opened(row.token, row.created, record, key, row.wrapped, row.wrapped_by)

    def seal_note(self, plain: bytes, bound_to: bytes) -> tuple[int, int, bytes]:
        """Seals what belongs to no subject (a case): algorithm id, version of the zone's key, ciphertext."""
        sealed = seal.seal(self._sealing.secret, plain, b"n|" + bound_to)
        return seal.AES_256_GCM, self._version, sealed

    def open_note(self, cipher: int, version: int, sealed: bytes, bound_to: bytes) -> bytes:
        return seal.open_sealed(cipher, self._wrapping_key(version).secret, sealed, b"n|" + bound_to)

    def commitment(self, message: str) -> bytes:
        """A keyed digest for the journal of erasures, under a key of its own."""
        return seal.digest(self._keys.current(JOURNAL_KEY).secret, message)

    def _wrapping_key(self, version: int) -> Key:
        if version not in self._wrapping:
            self._wrapping[version] = self._keys.by_id(f"{SEAL_KEY}/{version}")
        return self._wrapping[version]


def _version(key: Key) -> int:
    return int(key.id.rpartition("/")[2])


def _check_value(key: Key) -> str:
    return seal.digest(key.secret, "check|" + key.id).hex()


def _other_keys() -> Broken:
    return Broken(
        Said("密钥目录与身份库不匹配", "the key folder does not belong to this vault"),
        todo=Said("恢复与身份库同一时期的密钥目录", "restore the key folder that goes with this vault"),
    )
