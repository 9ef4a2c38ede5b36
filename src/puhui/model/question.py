"""The words of one question: Question → Caller → Mandate → Subject → Permit → Figures → Release → Receipt → Answer.

Each word is made in one package only and takes what only the word before gives (docs/explanation/question-contract.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from msgspec import Struct

from puhui.model.figures import Unknown, Value
from puhui.model.subject import Identifier, Subject


class BasisKind(StrEnum):
    """The closed set of what an answer about a subject may rest on."""

    LETTER = "letter"  # the subject's signed letter of authorisation
    APPLICATION = "application"  # the subject's own application at a public service
    DUTY = "duty"  # a statutory duty of a public body
    ORDER = "order"  # an order of a court or of anti-money-laundering supervision


@dataclass(frozen=True, slots=True)
class BasisReference:
    """The basis that a question names: its kind and its id in the zone."""

    kind: BasisKind
    id: str


@dataclass(frozen=True, slots=True)
class Question:
    """A signed request, parsed; nobody has been recognised yet. Made by wire.

    `digest`: SHA-256 of the request's signature base, 32 bytes: what the answer binds itself to. `signed`: the exact
    bytes that the signature covers. `nonce` and `idempotency_key`: SHA-256 (hex) of what was sent. `content`: of
    everything that makes two tries the same question (not the nonce), keyed by the idempotency key. So tables may hold
    all three.
    """

    key_id: str
    algorithm: str
    signed: bytes = field(repr=False)
    signature: bytes = field(repr=False)
    digest: bytes
    content: bytes
    nonce: str
    created: int  # Unix seconds
    expires: int
    idempotency_key: str
    product: str
    purpose: str
    about: Identifier
    basis: BasisReference | None  # None: a product about firms whose every item is public
    end_user: str = ""  # an institution's id; empty: the caller itself


@dataclass(frozen=True, slots=True)
class Caller:
    """The institution whose key signed the question. Made by institutions."""

    institution: str
    key_id: str
    scopes: frozenset[str]
    pseudonym_key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Mandate:
    """The contract lets this caller ask this product for this purpose, now. Made by contracts.

    `quotas`: window name (`day`, `month`, `contract`) → how many questions it may hold. `plan`: how an answer is
    priced; the sequencer settles it with the count.
    """

    caller: Caller
    contract: str
    end_user: str  # empty: the caller asks for itself
    product: str
    purpose: str
    channel: str
    quotas: Mapping[str, int]
    plan: str
    digest: bytes = b""  # SHA-256 of the contract's document


@dataclass(frozen=True, slots=True)
class Permit:
    """Mandate, subject, and a basis in force that covers both: the only key to figures. Made by consent.

    `items`: the catalogue's items that ticks of the basis open, with the gate that they open. `version`: of the
    letter's state, which the sequencer compares when it commits.
    """

    mandate: Mandate
    subject: Subject
    pseudonym: str  # what this institution knows the subject by
    basis: BasisReference | None
    basis_digest: bytes  # SHA-256 of the letter's canonical document; empty where there is none
    version: int
    items: Mapping[str, str]  # item id → gate
    stated: Mapping[str, str] = field(default_factory=dict, repr=False)  # a yes/no check's values, signed in the letter
    question: bytes = b""  # the question's digest
    retention_days: int = 0  # how long the institution may keep the answer
    cap: int = 0  # most answers in the window, as it holds now; 0: no cap (no basis)
    window: str = ""  # letter | month | year
    unticked: frozenset[str] = frozenset()  # items whose tick the subject left out, where the product lets them


class ReleaseKind(StrEnum):
    """In which form one item leaves."""

    VALUE = "value"
    BAND = "band"
    FLAG = "flag"
    WITHHELD = "withheld"


class ReleasedItem(Struct, frozen=True, omit_defaults=True, rename={"kind": "form"}):
    """One indicator or check as it leaves. `reason`: why withheld, or why a figure is unknown (`value` is None).

    A Struct, for there are thirty and more of them in an answer: it is made ten times quicker, and stands in the record
    as it is (`wire.answers.ItemForm`).
    """

    name: str
    kind: ReleaseKind
    unit: str
    definition: str  # digest of the indicator's file and parameters
    known: bool
    value: Value | None = None
    reason: Unknown | str | None = None
    coverage: tuple[int, int] | None = None
    flags: tuple[str, ...] = ()  # `objected`: the subject disputes it


@dataclass(frozen=True, slots=True)
class Release:
    """What the column policy lets out of one subject's figures. Made by disclosure."""

    permit: Permit
    items: tuple[ReleasedItem, ...]
    snapshot: int
    as_of: date
    known_at: datetime
    pack_set: str
    editions: tuple[tuple[str, int, str], ...]  # resource, number, digest


@dataclass(frozen=True, slots=True)
class Receipt:
    """The entry's place in the log, with its proof in one checkpoint. Made by ledger.

    `proof`: RFC 6962 hashes from the leaf to the root of the first `tree_size` leaves. `checkpoint`: a signed note.
    """

    index: int
    tree_size: int
    proof: tuple[bytes, ...]
    checkpoint: str
    record: bytes = field(repr=False)  # the committed record, RFC 8785
    salt: bytes = field(repr=False)
    at: datetime


@dataclass(frozen=True, slots=True)
class Answer:
    """Release, receipt and the zone's signature: all that the edge can send. Made by gateway."""

    id: str
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes = field(repr=False)
