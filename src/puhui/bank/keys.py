"""An institution's key files, and the zone's keys out of a trust file.

A private key is PEM (PKCS #8) with its id in the text before it (RFC 7468 lets text stand there): `Key-Id: bank-a/1`.
A file without that line is taken for version 1 of the institution that it is named after: bank-a.pem is `bank-a/1`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from puhui.model.refusal import Said
from puhui.model.refusals_question import KeyRefused
from puhui.wire.durable import write_new
from puhui.wire.keys import ED25519, Signing, Verifying, generate, private_of_pem, public_pem
from puhui.wire.trust import Trust, TrustedKey, read_trust

_BEGIN = b"-----BEGIN "
_STATED = re.compile(rb"^Key-Id: (\S+)\s*$", re.MULTILINE)
_ID = re.compile(r"[a-z][a-z0-9-]{0,59}/[1-9][0-9]{0,5}")


def new_key(institution: str, file: Path, *, version: int = 1, algorithm: str = ED25519) -> tuple[Signing, Path]:
    """A new key of an institution: the private half in `file` (0600, never overwritten), the public half beside it.

    Returns the key and the public file. Raises KeyRefused.
    """
    public = file.with_suffix(".pub")
    if public == file or file.exists() or public.exists():
        raise _refused(f"{file.name} 或 {public.name} 已存在", f"{file.name} or {public.name} is there already")
    key = generate(_checked(f"{institution}/{version}"), algorithm)
    _create(file, f"Key-Id: {key.id}\n".encode() + key.private_pem(), 0o600)
    _create(public, public_pem(key.verifying()), 0o644)
    return key, public


def read_key(file: Path, key_id: str = "") -> Signing:
    """The private key of a file, under the given id, or the one that the file states. Raises KeyRefused."""
    try:
        raw = file.read_bytes()
    except OSError as error:
        raise _refused(
            f"私钥文件无法读取（{error.strerror}）", f"the key file cannot be read ({error.strerror})"
        ) from None
    before, begin, pem = raw.partition(_BEGIN)
    stated = _STATED.search(before)
    name = key_id or (stated[1].decode("ascii", "replace") if stated else f"{file.stem}/1")
    return private_of_pem(begin + pem, _checked(name))


def zone_keys(trust: Trust, now: datetime, origin: str = "") -> Mapping[str, Verifying]:
    """The keys with which the zone signs answers now. `origin`: which zone, where the file trusts several."""
    zones = (trust.zone(origin),) if origin else trust.zones
    found: dict[str, TrustedKey] = {}
    for key in (key for zone in zones for key in zone.answer_keys if key.in_force(now)):
        if found.setdefault(key.id, key).public != key.public:
            raise _refused(
                "信任文件含多个专区，须用 --origin 写明", "the trust file has several zones: name one by --origin"
            )
    return {name: key.verifying() for name, key in found.items()}


def trusted_keys(file: Path, origin: str = "") -> Mapping[str, Verifying]:
    """The same out of TRUST.json, at this moment. Raises KeyRefused, NotVerified."""
    try:
        raw = file.read_bytes()
    except OSError as error:
        raise _refused(
            f"信任文件无法读取（{error.strerror}）", f"the trust file cannot be read ({error.strerror})"
        ) from None
    return zone_keys(read_trust(raw), datetime.now(UTC), origin)


def _checked(key_id: str) -> str:
    if not _ID.fullmatch(key_id):
        raise _refused("密钥编号应为 机构编号/版本，如 bank-a/1", "a key's id is institution/version, such as bank-a/1")
    return key_id


def _create(file: Path, raw: bytes, mode: int) -> None:
    try:
        write_new(file, raw, mode=mode)
    except OSError as error:
        raise _refused(
            f"密钥文件无法写入（{error.strerror}）", f"the key file cannot be written ({error.strerror})"
        ) from None


def _refused(zh: str, en: str) -> KeyRefused:
    return KeyRefused(
        Said(zh, en),
        todo=Said(
            "检查文件和密钥编号；新密钥用 puhui-bank key new", "check file and id; a new key: `puhui-bank key new`"
        ),
    )
