"""The vault: the only place that turns an identifier into a token and a token back into a person or a firm.

Promises: one random token per subject, repeatable look-up, each subject's record under a key of its own. A
vault opened with other keys than it was made with refuses at once, so that nobody is adopted twice by
mistake.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice

import msgspec
import pyarrow as pa

from puhui.model.keys import Key, KeyStore
from puhui.model.refusal import Said
from puhui.model.refusals import Broken, HomeRefused
from puhui.model.regions import places_of
from puhui.subjects import keyed, seal
from puhui.subjects.names import NameParts, PlaceNames
from puhui.subjects.store import ErasureJournal, SealedCase, SealedRecord, SealedRows, VaultStore

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


_RANDOM = 10  # random bytes of a token
_AT_ONCE = 1_000_000  # messages that are digested together
_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(Record)


@dataclass(slots=True)
class Opened:
    """A record with the key that seals it again; without `wrapped` it is not stored yet. Lives for one batch."""

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
        if meta["digest"] != keyed.ALGORITHM:
            raise _other_digests()
        index, sealing = self._keys.by_id(meta["index_key"]), self._keys.by_id(meta["seal_key"])
        for key in (index, sealing):
            if meta[f"check:{key.id}"] != _check_value(key):
                raise _other_keys()
        return index, self._keys.current(SEAL_KEY)

    def _found(self, city: str, zone: str) -> dict[str, str]:
        """Writes down, once, what the vault is and which keys it was made with."""
        index, sealing = self._keys.current(INDEX_KEY), self._keys.current(SEAL_KEY)
        facts = {"city": city, "zone": zone, "digest": keyed.ALGORITHM}
        facts |= {"index_key": index.id, "seal_key": sealing.id}
        facts |= {f"check:{key.id}": _check_value(key) for key in (index, sealing)}
        self.store.write_meta(facts)
        return facts

    # --- the keyed index ---

    def digests(self, messages: Iterable[bytes]) -> list[bytes]:
        """Keyed digests under the zone's index key."""
        found: list[bytes] = []
        rest = iter(messages)
        while part := list(islice(rest, _AT_ONCE)):
            raw = keyed.digests(self._index.secret, pa.array(part, pa.binary())).tobytes()
            found.extend(raw[at : at + keyed.SIZE] for at in range(0, len(raw), keyed.SIZE))
        return found

    def identifier_digests(self, identifiers: pa.StringArray) -> keyed.Digests:
        """Digests of identifiers written `kind|value` (normal forms, no nulls)."""
        return keyed.digests(self._index.secret, identifiers)

    def name_digests(self, parts: NameParts) -> tuple[bytes, bytes]:
        """What a name is found by: its full normal form, and its core without place and legal form."""
        full, core = self.digests((f"n|{parts.full}".encode(), f"c|{parts.core}".encode()))
        return full, core

    def tokens_of(self, identifiers: pa.StringArray) -> pa.DictionaryArray:
        """Tokens of identifiers written `kind|value` (normal forms, no nulls), null where unknown."""
        return self.store.tokens_of(self.identifier_digests(identifiers))

    def token_of(self, identifier: str) -> str:
        """The token of one identifier written `kind|value` (normal form), empty where unknown: the quickest way."""
        return self.store.token_of(keyed.digest(self._index.secret, identifier.encode()))

    # --- records ---

    def new(self, letters: Sequence[str]) -> tuple[list[str], list[bytes]]:
        """For each kind (its letter) a fresh subject, not yet stored: random tokens and random keys."""
        drawn, keys = os.urandom(len(letters) * _RANDOM).hex(), os.urandom(len(letters) * seal.KEY_SIZE)
        heads = {letter: self._prefix + letter for letter in set(letters)}
        ends = range(0, len(drawn), 2 * _RANDOM)
        tokens = [heads[letter] + drawn[at : at + 2 * _RANDOM] for letter, at in zip(letters, ends, strict=True)]
        return tokens, [keys[at : at + seal.KEY_SIZE] for at in range(0, len(keys), seal.KEY_SIZE)]

    def open_records(self, tokens: Sequence[str]) -> dict[str, Opened]:
        """The records of these subjects, decrypted; those erased or unknown are absent."""
        return {token: self._unseal(row) for token, row in self.store.records(tokens).items()}

    def subject_key(self, token: str) -> bytes | None:
        """A subject's own key; None where it is erased or unknown. The quickest way: its record stays sealed."""
        row = self.store.wrapped_key(token)
        if row is None:
            return None
        cipher, version, wrapped = row
        return seal.open_key(cipher, self._wrapping_key(version).secret, wrapped, token.encode())

    def every_organisation(self) -> Iterator[tuple[str, Record]]:
        """Token and record of every subject that is no person; no order."""
        for row in self.store.every_record(ORGANISATIONS):
            yield row.token, self._unseal(row).record

    def sealed(self, opened: Iterable[Opened]) -> list[SealedRecord]:
        """Records of subjects that the store has, ready to replace those."""
        return [self._seal(one) for one in opened]

    def sealed_new(
        self, tokens: Sequence[str], keys: Sequence[bytes], records: Iterable[Record], created: str
    ) -> SealedRows:
        """New subjects of one day, ready for the store."""
        plains, names = map(_ENCODER.encode, records), map(str.encode, tokens)
        wrapped, bodies = seal.seal_each(self._sealing.secret, keys, plains, names)
        return SealedRows(tokens, created, seal.AES_256_GCM, self._version, wrapped, bodies)

    def _seal(self, one: Opened) -> SealedRecord:
        body = seal.seal_body(one.key, _ENCODER.encode(one.record), one.token.encode())
        return SealedRecord(one.token, one.created, seal.AES_256_GCM, one.wrapped_by, one.wrapped, body)

    def _unseal(self, row: SealedRecord) -> Opened:
        wrapping = self._wrapping_key(row.wrapped_by).secret
        key, plain = seal.open_body(row.cipher, wrapping, row.wrapped, row.body, row.token.encode())
        return Opened(row.token, row.created, _DECODER.decode(plain), key, row.wrapped, row.wrapped_by)

    def seal_note(self, plain: bytes, bound_to: bytes) -> tuple[int, int, bytes]:
        """Seals what belongs to no subject (a case): algorithm id, version of the zone's key, ciphertext."""
        sealed = seal.seal(self._sealing.secret, plain, b"n|" + bound_to)
        return seal.AES_256_GCM, self._version, sealed

    def open_note(self, cipher: int, version: int, sealed: bytes, bound_to: bytes) -> bytes:
        return seal.open_sealed(cipher, self._wrapping_key(version).secret, sealed, b"n|" + bound_to)

    # --- a renewed sealing key ---

    @property
    def seal_version(self) -> int:
        """The version of the sealing key that seals now."""
        return self._version

    def seal_by_newest(self) -> None:
        """Seal with the newest version of the sealing key from now on."""
        self._sealing = self._keys.current(SEAL_KEY)
        self._version = _version(self._sealing)
        self._wrapping[self._version] = self._sealing

    def rewrapped(self, row: SealedRecord) -> SealedRecord:
        """The row with its subject's key under the newest sealing key."""
        name, old = row.token.encode(), self._wrapping_key(row.wrapped_by).secret
        wrapped = seal.rewrap(row.cipher, old, self._sealing.secret, row.wrapped, name)
        return replace(row, wrapped_by=self._version, wrapped=wrapped)

    def resealed(self, case: SealedCase) -> SealedCase:
        """The case under the newest sealing key."""
        plain = self.open_note(case.cipher, case.sealed_by, case.body, case.key)
        return SealedCase(case.key, case.state, case.token, *self.seal_note(plain, case.key))

    def commitment(self, message: str) -> bytes:
        """A keyed digest for the journal of erasures, under a key of its own."""
        return seal.check_value(self._keys.current(JOURNAL_KEY).secret, message)

    def _wrapping_key(self, version: int) -> Key:
        if version not in self._wrapping:
            self._wrapping[version] = self._keys.by_id(f"{SEAL_KEY}/{version}")
        return self._wrapping[version]


def _version(key: Key) -> int:
    return int(key.id.rpartition("/")[2])


def _check_value(key: Key) -> str:
    return seal.check_value(key.secret, "check|" + key.id).hex()


def _other_digests() -> HomeRefused:
    return HomeRefused(
        Said("身份库的摘要算法与本版本不同", "the vault's digests are of another algorithm than this version's"),
        todo=Said("使用创建它的版本", "use the version that made it"),
    )


def _other_keys() -> Broken:
    return Broken(
        Said("密钥目录与身份库不匹配", "the key folder does not belong to this vault"),
        todo=Said("恢复与身份库同一时期的密钥目录", "restore the key folder that goes with this vault"),
    )
