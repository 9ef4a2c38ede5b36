"""The manifest of a delivery: what the supplier states about a file, signed, and held against the file
itself.

`FILE.manifest.json` stands beside the file or in the same archive. It is one flat JSON object of strings and
one integer. The Ed25519 signature is over the RFC 8785 form of all its fields but the signature, those not
stated as "" or null. With strings, integers and null only, and names in plain ASCII, RFC 8785 is what
`json.dumps` writes with sorted keys, no blanks and unescaped Unicode: the two differ in floats and in the
order of names beyond the basic plane, and neither can stand here.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from puhui.intake.formats import Records
from puhui.model.delivery import Manifest
from puhui.model.refusal import Said
from puhui.model.refusals import ParcelMismatch, ParcelSecret, ParcelUnreadable
from puhui.packs.forms import Resource

SUFFIX = ".manifest.json"
LARGEST = 1 << 20  # bytes
UNSIGNED = "manifest-unsigned"
_HEX_DIGEST = re.compile(r"[0-9a-f]{64}")
_SIGNATURE = re.compile(r"[0-9a-f]{128}")
_PERIOD = re.compile(r"\d{4}(-\d{2}(-\d{2})?|Q[1-4])?(/\d{4}(-\d{2}(-\d{2})?|Q[1-4])?)?")
_LARGEST_INTEGER = (1 << 53) - 1  # RFC 8785 keeps integers exact up to here


def manifest_beside(path: Path) -> Manifest | None:
    """The manifest beside a delivered file, if there is one. Raises ParcelUnreadable."""
    beside = path.with_name(path.name + SUFFIX)
    if not beside.is_file():
        return None
    with beside.open("rb") as file:
        return read_manifest(file.read(LARGEST + 1))


def read_manifest(text: bytes) -> Manifest:
    """A manifest from its JSON text. Unknown and repeated keys, floats and malformed fields are refused."""
    if len(text) > LARGEST:
        raise _unreadable("size")
    try:
        stated = json.loads(text.decode("utf-8-sig"), object_pairs_hook=_once, parse_float=_no_float)
        if not isinstance(stated, dict):
            raise ValueError("not an object")
        _refuse_unknown(stated)
        manifest = msgspec.convert(stated, Manifest)
    except (
        ValueError,
        RecursionError,
    ) as error:  # msgspec.ValidationError and UnicodeDecodeError are ValueErrors
        raise _unreadable(_field_in(str(error))) from None
    return _well_formed(manifest)


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is repeated")
    return found


def _no_float(text: str) -> float:
    raise ValueError("a number with a point")


def _refuse_unknown(stated: Mapping[str, object]) -> None:
    known = {field.name for field in fields(Manifest)}
    if not known.issuperset(stated):
        raise ValueError("unknown keys")


def _field_in(error: str) -> str:
    found = re.search(r"`\$\.([a-z_]+)`", error)
    return found[1] if found else "json"


def _well_formed(manifest: Manifest) -> Manifest:
    for name, pattern in (("digest", _HEX_DIGEST), ("corrects", _HEX_DIGEST), ("signature", _SIGNATURE),
                          ("period", _PERIOD)):  # fmt: skip
        value = getattr(manifest, name)
        if value and not pattern.fullmatch(value):
            raise _unreadable(name)
    if manifest.rows is not None and not 0 <= manifest.rows <= _LARGEST_INTEGER:
        raise _unreadable("rows")
    return manifest


def signed_bytes(manifest: Manifest) -> bytes:
    """What a manifest's signature is over: its RFC 8785 form without the signature."""
    stated = asdict(manifest)
    del stated["signature"]
    return json.dumps(stated, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def signature_of(manifest: Manifest, key: Ed25519PrivateKey) -> str:
    """The signature for a supplier's manifest, hex."""
    return key.sign(signed_bytes(manifest)).hex()


def agree(manifest: Manifest, records: Records, resource: Resource, suppliers: Mapping[str, bytes]) -> tuple[str, ...]:
    """Hold a manifest against the file: resource, digest, rows, signature. Raises ParcelMismatch.

    `suppliers`: supplier → raw Ed25519 public key. Gives the codes of what deserves a warning (UNSIGNED).
    """
    if manifest.resource and manifest.resource not in (resource.name, resource.item_id):
        raise _mismatch("resource", "资源", "resource")
    if manifest.digest and manifest.digest != records.digest:
        raise _mismatch("digest", "文件摘要", "digest")
    if manifest.rows is not None and manifest.rows != records.lines:
        raise _mismatch(f"rows {manifest.rows} != {records.lines}", "记录数", "number of records")
    if manifest.signature:
        _verify(manifest, suppliers)
        return ()
    if resource.manifest_signature == "required":
        raise _mismatch("signature", "签名（该资源要求签名，清单未签名）", "signature (this resource demands one)")
    return (UNSIGNED,)


def _verify(manifest: Manifest, suppliers: Mapping[str, bytes]) -> None:
    """A supplier's own key alone speaks for it; `signer` is the person's name and proves nothing."""
    key = suppliers.get(manifest.supplier)
    if key is None:
        raise _mismatch("supplier", "签名（没有该供数方的公钥）", "signature (no key of this supplier is known)")
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(bytes.fromhex(manifest.signature), signed_bytes(manifest))
    except (InvalidSignature, ValueError):
        raise _mismatch("signature", "签名", "signature") from None


def _mismatch(where: str, zh: str, en: str) -> ParcelMismatch:
    return ParcelMismatch(
        Said(f"清单与文件不一致：{zh}", f"the manifest does not agree with the file: {en}"),
        todo=Said("核对文件是否完整、清单是否对应后重新交付", "check file and manifest and deliver again"),
        where=where,
    )


def _unreadable(where: str) -> ParcelUnreadable:
    return ParcelUnreadable(
        Said("清单格式不正确", "the manifest is not well formed"),
        todo=Said("按清单格式说明改正所指字段", "mend the field that is named, after the manifest's format"),
        where=where,
    )


# -- classification marks
# ------------------------------------------------------------------------------------------

_DENIED = r"(?:不含|不涉及|不涉|不属于|未涉及|非|无)(?:任何)?"
_SECRETS_ZH = re.compile(
    rf"(?P<denied>{_DENIED})?(?P<mark>绝密|机密|国家秘密|工作秘密|核心数据|(?<!商业)(?<!商務)秘密)"
)
_SECRETS_EN = re.compile(
    r"(?P<denied>\b(?:not|no|non|without)[ _-]+)?(?<!trade[ _-])"
    r"\b(?P<mark>top[ _-]?secret|state[ _-]?secret|work[ _-]?secret|core[ _-]?data|secret|confidential)\b",
    re.IGNORECASE,
)


def refuse_secret(manifest: Manifest, file_name: str, banner: Sequence[str]) -> None:
    """Refuse a parcel marked as secret in its manifest, its name, or the texts above its header. Raises
    ParcelSecret."""
    for place, text in (("classification", manifest.classification), ("name", file_name)):
        if is_marked_secret(text):
            raise _secret(place)
    if any(is_marked_secret(text) for text in banner):
        raise _secret("banner")


def is_marked_secret(text: str) -> bool:
    """Whether a text carries a mark of secrecy: 机密★10年 does, 商业秘密 (a trade secret) and 不涉及国家秘密
    do not."""
    plain = unicodedata.normalize("NFKC", text)
    chinese = _SECRETS_ZH.finditer(re.sub(r"\s+", "", plain))
    english = _SECRETS_EN.finditer(plain.replace("_", " "))
    return any(not found["denied"] for group in (chinese, english) for found in group)


def _secret(where: str) -> ParcelSecret:
    return ParcelSecret(
        Said(
            "文件标有密级或核心数据标志，未保存任何内容",
            "the file is marked as secret or core data; nothing was stored",
        ),
        todo=Said(
            "涉密和核心数据不得经本平台提供；如为误标，请由定密责任人更正后重新交付",
            "secret and core data may not pass this zone; if marked by mistake, have the mark corrected",
        ),
        article="保守国家秘密法 第三十一条；公共数据资源授权运营实施规范（试行）",
        where=where,
    )
