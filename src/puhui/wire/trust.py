"""The trust file: all that a stranger needs to check an answer offline, in one canonical JSON document (TRUST.json).

Promises: `read_trust` takes only a document that is its own canonical form and that contradicts itself nowhere: no id
twice, every key and time well-formed, the quorum reachable. A key outside its validity verifies nothing; an unknown one
neither. Where the file comes from is the reader's to judge: whoever trusts it trusts these keys.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NoReturn, TypeVar

import msgspec
from msgspec import Struct

from puhui.model.refusal import Said
from puhui.model.refusals_question import KeyRefused, NotVerified
from puhui.wire.canonical import BadDocument, canonical, read_canonical
from puhui.wire.keys import ALGORITHMS, SIGNATURE_SIZE, Verifying, verifying
from puhui.wire.notes import COSIGNATURE_V1, ED25519, SM2, NoteVerifier, decode_base64

_SIZES = {ALGORITHMS[0]: 32, ALGORITHMS[1]: SIGNATURE_SIZE}  # bytes of a raw public key


class _Form(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Root of the parts: no unknown key, every key is written."""


class _Dated(_Form, frozen=True):
    """In force from `start` up to, and not at, `end`; an empty `end`: until further notice. `2026-11-22T03:04:05Z`."""

    start: str
    end: str

    def in_force(self, at: datetime) -> bool:
        """Whether the key may be used at that moment."""
        return time_of(self.start) <= at and (not self.end or at < time_of(self.end))


class TrustedKey(_Dated, frozen=True):
    """A key of messages. `public`: raw, base64. A key that was compromised ends when that may have begun."""

    id: str
    algorithm: str
    public: str

    def verifying(self) -> Verifying:
        """The key. Raises KeyRefused where the bytes are no key or its algorithm is not installed."""
        return verifying(self.id, self.algorithm, decode_base64(self.public))


class LogKey(_Dated, frozen=True, omit_defaults=True):
    """A key that signs the log's checkpoints, as a vkey. `algorithm`: the vkey's own; written where it is not Ed25519.

    While a key of SM2 is in force, a checkpoint needs its signature beside that of Ed25519.
    """

    vkey: str
    algorithm: str = ALGORITHMS[0]

    @property
    def verifier(self) -> NoteVerifier:
        return NoteVerifier.parse(self.vkey)


class Officer(_Form, frozen=True):
    """Who may attend when a letter is signed on paper. `public`: Ed25519, raw, base64."""

    name: str
    public: str


class Letters(_Form, frozen=True):
    """What evidence of letters is held against: the zone's domain and origins for passkeys, and its officers."""

    rp_id: str
    origins: tuple[str, ...]
    officers: tuple[Officer, ...]


class Zone(_Form, frozen=True):
    """A zone. `origin`: of its log, and what its records call it."""

    origin: str
    answer_keys: tuple[TrustedKey, ...]
    log_keys: tuple[LogKey, ...]
    letters: Letters

    def log_keys_of(self, algorithm: str) -> tuple[LogKey, ...]:
        """The log's keys of one algorithm."""
        return tuple(key for key in self.log_keys if key.algorithm == algorithm)


class Institution(_Form, frozen=True):
    """Who asks. The ids of its keys begin with its own id and a slash."""

    id: str
    keys: tuple[TrustedKey, ...]


class Trust(_Form, frozen=True):
    """TRUST.json. `witnesses`: vkeys of cosignatures; `quorum`: how many of them a checkpoint must have."""

    v: int
    zones: tuple[Zone, ...]
    institutions: tuple[Institution, ...]
    witnesses: tuple[str, ...]
    quorum: int

    def zone(self, origin: str) -> Zone:
        """The zone of that origin. Raises NotVerified where it is not trusted."""
        return _only((one for one in self.zones if one.origin == origin), Said("未受信任的专区", "an unknown zone"))

    def institution_key(self, key_id: str) -> TrustedKey:
        """The institution's key of that id. Raises NotVerified."""
        keys = (key for one in self.institutions for key in one.keys if key.id == key_id)
        return _only(keys, Said("未受信任的机构密钥", "an unknown key of an institution"))

    def answer_key(self, origin: str, key_id: str) -> TrustedKey:
        """The zone's key of that id. Raises NotVerified."""
        keys = (key for key in self.zone(origin).answer_keys if key.id == key_id)
        return _only(keys, Said("未受信任的专区密钥", "an unknown key of the zone"))

    def witness_keys(self) -> tuple[NoteVerifier, ...]:
        """The keys of the witnesses."""
        return tuple(map(NoteVerifier.parse, self.witnesses))


Found = TypeVar("Found")


def _only(found: Iterable[Found], said: Said) -> Found:
    for one in found:
        return one
    raise NotVerified(
        said, todo=Said("核对信任文件的来源和日期", "look where the trust file is from, and of which day")
    )


def write_trust(trust: Trust) -> bytes:
    """The bytes of TRUST.json, RFC 8785. Raises KeyRefused where the document contradicts itself."""
    _check(trust)
    return canonical(msgspec.to_builtins(trust))


def read_trust(raw: bytes) -> Trust:
    """TRUST.json. Raises KeyRefused where it is not of the form, not canonical, or contradicts itself."""
    try:
        trust = msgspec.convert(read_canonical(raw), Trust)
    except (BadDocument, msgspec.ValidationError) as error:
        _refuse(str(error))
    _check(trust)
    return trust


def _check(trust: Trust) -> None:
    if trust.v != 1:
        _refuse("another version than 1")
    _no_twice(zone.origin for zone in trust.zones)
    _no_twice(institution.id for institution in trust.institutions)
    for zone in trust.zones:
        _check_zone(zone)
    for institution in trust.institutions:
        _check_keys(institution.keys, f"{institution.id}/")
    _check_witnesses(trust)


def _check_witnesses(trust: Trust) -> None:
    """A witness may have several keys, a key but one witness: cosignatures do not cover the name."""
    for vkey in trust.witnesses:
        _check_vkey(vkey, ALGORITHMS[0], COSIGNATURE_V1)
    keys = trust.witness_keys()
    _no_twice(key.public.hex() for key in keys)
    if not 0 <= trust.quorum <= len({key.name for key in keys}):
        _refuse("a quorum that the witnesses cannot reach")


def _check_zone(zone: Zone) -> None:
    _check_keys(zone.answer_keys, "zone/")
    _no_twice(key.vkey for key in zone.log_keys)
    for key in zone.log_keys:
        _check_dates(key)
        _check_vkey(key.vkey, key.algorithm, ED25519, SM2)
    _no_twice(officer.name for officer in zone.letters.officers)
    for officer in zone.letters.officers:
        _check_public(officer.public, ALGORITHMS[0])


def _check_keys(keys: tuple[TrustedKey, ...], prefix: str) -> None:
    _no_twice(key.id for key in keys)
    for key in keys:
        if not key.id.startswith(prefix) or key.algorithm not in ALGORITHMS:
            _refuse("a key's id begins with its owner, and its algorithm is known")
        _check_public(key.public, key.algorithm)
        _check_dates(key)


def _check_public(text: str, algorithm: str) -> None:
    try:
        size = len(decode_base64(text))
    except ValueError as error:
        _refuse(str(error))
    if size != _SIZES[algorithm]:
        _refuse("a public key has another length")


def _check_vkey(vkey: str, algorithm: str, *kinds: int) -> None:
    try:
        found = NoteVerifier.parse(vkey)
    except ValueError as error:
        _refuse(str(error))
    if found.kind not in kinds or found.algorithm != algorithm:
        _refuse("a verifier key is of another kind")


def _check_dates(key: _Dated) -> None:
    try:
        ends = key.end and time_of(key.end) <= time_of(key.start)
        time_of(key.start)
    except ValueError as error:
        _refuse(str(error))
    if ends:
        _refuse("a key ends before it starts")


def _no_twice(names: Iterable[str]) -> None:
    listed = list(names)
    if len(listed) != len(set(listed)) or not all(listed):
        _refuse("a name stands twice, or is empty")


def time_of(text: str) -> datetime:
    """The moment of `2026-11-22T03:04:05Z`. Raises ValueError for any other text."""
    moment = datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    if time_text(moment) != text:
        raise ValueError("a time has one form")
    return moment


def time_text(moment: datetime) -> str:
    """`2026-11-22T03:04:05Z`: UTC, to the second."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def _refuse(why: str) -> NoReturn:
    raise KeyRefused(
        Said("信任文件不符合规定的格式", f"the trust file is not of its form: {why}"),
        todo=Said("使用 puhui trust export 写出的原文件", "take the file as `puhui trust export` wrote it"),
    )
