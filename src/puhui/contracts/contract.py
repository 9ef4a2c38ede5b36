"""The contract as a document: canonical (RFC 8785), signed by the institution and by the zone, never changed.

Promises: a contract says everything that is let through by it and nothing is let through that it does not say; its id
is made of its digest, so that two contracts are never one; a signature over it can be mistaken for no other signature.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from puhui.model.refusal import Said
from puhui.model.refusals_question import ContractRefused
from puhui.packs.forms import Name, Purpose
from puhui.packs.forms_answers import Channel
from puhui.wire.canonical import BadDocument, canonical, read_canonical
from puhui.wire.keys import Signing, Verifying
from puhui.wire.short_names import short_name

WINDOWS = ("day", "month", "contract")
_DOMAIN = b"puhui-contract-1\n"  # goes before the document where it is signed
Window = Literal["day", "month", "contract"]
Word = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]*$", max_length=60)]
Time = Annotated[str, Meta(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")]
Positive = Annotated[int, Meta(ge=1)]


class Through(Struct, frozen=True, forbid_unknown_fields=True):
    """The lawful channel of a product and the licence record that opens it; `holder` is the institution that has it."""

    channel: Channel
    holder: str = ""
    record: str = ""


class Granted(Struct, frozen=True, forbid_unknown_fields=True):
    """One product that may be asked. `quotas`: window → questions; a window without one is not limited."""

    product: Name
    purposes: Annotated[list[Purpose], Meta(min_length=1)]
    through: Through
    quotas: dict[Window, Positive] = {}


class Terms(Struct, frozen=True, forbid_unknown_fields=True):
    """What a contract says.

    `made`: when it was drawn up. `end_users`: institutions for whom an intermediary asks; with none the institution
    asks for itself. `items`: of the catalogue, where the parties name them: no product touches others. `plan`: how
    answers are priced and capped; its form is metering's.
    """

    v: Literal[1]
    zone: str
    institution: Word
    made: Time
    valid_from: Time
    valid_until: Time
    products: Annotated[list[Granted], Meta(min_length=1, max_length=200)]
    plan: dict[str, Any]
    end_users: list[Word] = []
    items: list[str] = []


@dataclass(frozen=True, slots=True)
class Signature:
    """One side's signature: its key's id and 64 bytes."""

    key_id: str
    signature: bytes = field(repr=False)

    def as_dict(self) -> dict[str, str]:
        return {"key_id": self.key_id, "signature": base64.b64encode(self.signature).decode()}


@dataclass(frozen=True, slots=True)
class Contract:
    """A document that was read. `plan`: the plan's canonical text."""

    id: str
    terms: Terms
    document: bytes = field(repr=False)
    digest: bytes
    valid_from: datetime
    valid_until: datetime
    plan: str

    def granted(self, product: str) -> Granted | None:
        return next((one for one in self.terms.products if one.product == product), None)


def draw_up(given: Mapping[str, Any]) -> Contract:
    """The contract that a mapping of the form of `Terms` says. ContractRefused where it is none."""
    try:
        return read_contract(canonical(dict(given)))
    except BadDocument as fault:
        raise _refused(fault.said) from None


def read_contract(document: bytes) -> Contract:
    """The contract of these bytes. ContractRefused where they are not canonical or not of the form."""
    try:
        terms = msgspec.convert(read_canonical(document), Terms)
    except BadDocument as fault:
        raise _refused(fault.said) from None
    except msgspec.ValidationError as fault:
        raise _refused(Said(f"合同文本不合格式：{fault}", f"the contract is not of the form: {fault}")) from None
    try:
        begin, end = time_of(terms.valid_from), time_of(terms.valid_until)
        time_of(terms.made)
    except ValueError:
        raise _refused(Said("合同中的时间不存在", "a time in the contract does not exist")) from None
    names = [one.product for one in terms.products]
    if end <= begin or len(set(names)) < len(names):
        raise _refused(
            Said("合同有效期为空，或同一产品出现两次", "the contract is valid at no time, or names a product twice")
        )
    digest = hashlib.sha256(document).digest()
    return Contract(id_of(digest), terms, document, digest, begin, end, canonical(terms.plan).decode())


def id_of(digest: bytes) -> str:
    """The id of the contract with this digest: `C-` and 26 characters."""
    return "C-" + short_name(digest)


def time_of(text: str) -> datetime:
    return datetime.fromisoformat(text)


def text_of(time: datetime) -> str:
    """A moment as contracts write it: UTC, whole seconds."""
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def sign_contract(document: bytes, key: Signing) -> Signature:
    return Signature(key.id, key.sign(_DOMAIN + document))


def check_signature(document: bytes, signature: Signature, key: Verifying) -> None:
    """ContractRefused where the signature is not this key's over this document."""
    if signature.key_id != key.id or not key.verify(_DOMAIN + document, signature.signature):
        raise ContractRefused(
            Said(f"密钥 {key.id} 的签名与合同文本不符", f"the signature of {key.id} does not fit the contract"),
            todo=Said("对提议时的合同原文重新签名", "sign the exact bytes of the contract that is proposed"),
        )


KeyOfSide = Callable[[str], Verifying | None]  # a key's id → the key, where it is that side's


def check_both_signed(
    contract: Contract, signatures: Sequence[Signature], *, institution: KeyOfSide, zone: KeyOfSide
) -> None:
    """ContractRefused unless these are the signatures of both sides, and of nobody else. A key that ended later still
    proves what was signed."""
    for side in (institution, zone):
        keys = [(one, key) for one in signatures if (key := side(one.key_id)) is not None]
        if len(keys) != 1 or len(signatures) != 2:
            raise _refused(Said("合同没有双方各一个签名", "the contract has not one signature of each side"))
        check_signature(contract.document, *keys[0])


def signature_of(text: str | bytes) -> Signature:
    """The signature that a JSON text of `Signature.as_dict` holds. ContractRefused where it is none."""
    try:
        raw = json.loads(text)
        return Signature(str(raw["key_id"]), base64.b64decode(raw["signature"], validate=True))
    except (ValueError, KeyError, TypeError):
        raise _refused(Said("签名文件不合格式", "the file of the signature is not of its form")) from None


def _refused(said: Said) -> ContractRefused:
    return ContractRefused(said, todo=Said("按合同格式改正", "mend it by the form of contracts"))
