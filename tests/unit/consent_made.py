"""Letters made for tests: rooms over a database of one's own, a firm and two persons whose signers are keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from hashlib import sha256
from pathlib import Path

from puhui.adapters.keys_file import FileKeys
from puhui.adapters.letters_django import DjangoLetters, DjangoSigners
from puhui.adapters.refusals_django import DjangoRefusals
from puhui.consent.caps import Purposes
from puhui.consent.drafting import Choices
from puhui.consent.evidence import RelyingParty
from puhui.consent.letter import Letter, Terms
from puhui.consent.permit import Ask, ProductTerms, Rules
from puhui.consent.signers import Signer
from puhui.desk.letter_rooms import LetterRooms
from puhui.desk.letter_signing import signed_by
from puhui.desk.letters import draft_letter, sign_letter
from puhui.desk.roles import Role
from puhui.desk.signers import Request, enrol_key, enrol_statement
from puhui.model.question import BasisKind, BasisReference, Caller, Mandate, Question
from puhui.model.refusal import Said
from puhui.model.refusals import NoSubject
from puhui.model.subject import Identifier, Subject, SubjectKind
from puhui.packs.forms import Words
from puhui.packs.forms_answers import Check, Product, Tick
from puhui.packs.forms_answers import Letter as LetterForm
from puhui.packs.load import load_packs
from puhui.packs.packset import PackSet
from puhui.records import models
from puhui.wire.keys import Ed25519Signing, Signing
from puhui.wire.letters import (
    ENROL,
    LETTER,
    AttendedEvidence,
    KeyEvidence,
    OfficerSignature,
    Proof,
    attended_message,
    digest_of,
    message_of,
    text_of,
)

from .subjects_made import ric, uscc

PACKS = Path(__file__).parents[2] / "packs"
NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)
ZONE = "puhui/360500/a1"
FIRM, OTHER_FIRM = Identifier("uscc", uscc(1)), Identifier("uscc", uscc(2))
ANNA, BEN, CHILD = (Identifier("ric", ric(born)) for born in ("19800101", "19810202", "20100101"))
STRANGER = Identifier("ric", ric("19750505"))
TOKENS = {
    FIRM: "360500a1E" + "1" * 20,
    OTHER_FIRM: "360500a1E" + "2" * 20,
    ANNA: "360500a1P" + "3" * 20,
    BEN: "360500a1P" + "4" * 20,
    CHILD: "360500a1P" + "5" * 20,
}
PARTY = RelyingParty("letters.example", ("https://letters.example",))
EID = Proof(kind="eid", reference="OIDC-2026-0001")
LICENCE = Proof(kind="licence", reference="EBL-2026-0001")
ATTENDED = Proof(kind="attended", reference="PAPER-7")


def key(name: str) -> Signing:
    """A key that is always the same for a name."""
    return Ed25519Signing.of_seed(name, sha256(name.encode()).digest())


@cache
def packs() -> PackSet:
    """The shipped packs, and a product of yes/no checks under the enterprise's letter."""
    loaded = load_packs([PACKS / name for name in ("base", "tax-loan", "farmer-loan")])
    words = Words(zh="核对", en="check")
    loaded.contents.products["tax_check"] = Product(
        format=1, name="tax_check", title=words, kind="verify", purpose="lending", channel="filed_enterprise_bureau",
        subjects=["enterprise"], letter="tax_loan_enterprise",
        checks=[
            Check(name=name, indicator="tax_paid_12m", compare="within", title=words, tolerance=Decimal("0.1"))
            for name in ("paid", "paid_again")
        ],
    )  # fmt: skip
    tick = Tick(id="school", gate="written_consent", items=["JYJ-01"], text=words)
    loaded.contents.letters["school_fees"] = LetterForm(
        format=1, name="school_fees", title=words, purpose="welfare", ticks=[tick], text=words
    )
    loaded.contents.products["school_fees"] = Product(
        format=1, name="school_fees", title=words, kind="indicators", purpose="welfare", channel="none",
        subjects=["person"], letter="school_fees",
    )  # fmt: skip
    return loaded


@dataclass
class Clock:
    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, **time: int) -> None:
        self.now += timedelta(**time)


@dataclass
class Registered:
    """`Register`: who represents whom."""

    pairs: set[tuple[str, str]] = field(default_factory=lambda: {(TOKENS[ANNA], TOKENS[FIRM])})

    gone: dict[str, str] = field(default_factory=dict)

    def represents(self, person: str, firm: str) -> bool:
        return (person, firm) in self.pairs

    def ended(self, *tokens: str) -> str:
        return next((self.gone[token] for token in tokens if token in self.gone), "")


@dataclass
class People:
    """`OfficerBook` of two officers of security."""

    held: dict[str, bytes] = field(default_factory=lambda: {n: key(n).verifying().public for n in ("olga", "piet")})

    def keys(self) -> dict[str, bytes]:
        return self.held

    def roles(self) -> dict[str, Role]:
        return dict.fromkeys(self.held, Role.SECURITY)

    def add(self, name: str, public: bytes, role: Role) -> None:
        self.held[name] = public


class Records:
    """`RecordKeys`: a key per token, until it is erased."""

    def __init__(self) -> None:
        self.erased: set[str] = set()

    def record_key(self, token: str) -> bytes:
        if token in self.erased:
            raise no_subject()
        return sha256(b"record" + token.encode()).digest()


def no_subject() -> NoSubject:
    return NoSubject(Said("没有", "nobody"), todo=Said("核对", "check"))


def find(about: Identifier) -> Subject:
    if about not in TOKENS:
        raise no_subject()
    return Subject(TOKENS[about])


@dataclass
class Made:
    """Rooms with what a test turns: the clock, the register, the erased."""

    rooms: LetterRooms
    clock: Clock
    register: Registered
    records: Records


def make(folder: Path) -> Made:
    """Rooms over the database that Django is connected to, emptied, with banks, a bureau, an agency and a court."""
    for table in (
        models.Letter,
        models.Signer,
        models.Event,
        models.RefusedCount,
        models.LogTree,
        models.InstitutionKey,
        models.Institution,
    ):
        table.objects.all().delete()
    clock, register, records = Clock(), Registered(), Records()
    for name, kind in (("bank-a", "bank"), ("bank-b", "bank"), ("bureau", "bureau"), ("office", "agency"),
                       ("court", "court"), ("gone", "bank")):  # fmt: skip
        state = "suspended" if name == "gone" else "admitted"
        models.Institution.objects.create(
            id=name, name={"zh": f"机构{name}", "en": name}, kind=kind, state=state, pseudonym_key="x"
        )
    rooms = LetterRooms(
        zone=ZONE, packs=packs(), book=DjangoLetters(records), signers=DjangoSigners(), register=register, find=find,
        index=lambda text: sha256(b"index" + text.encode()).digest(), records=records, keys=FileKeys(folder / "keys"),
        officers=People(), refusals=DjangoRefusals(), party=PARTY, now=clock,
    )  # fmt: skip
    return Made(rooms, clock, register, records)


def terms(**changed: object) -> Terms:
    values = {
        "institution": "bank-a", "end_user": "", "wording": "tax_loan_enterprise", "purpose": "lending",
        "range_months": 24, "mode": "periodic", "cap": 4, "window": "month", "retention_days": 365, "life_days": 180,
    }  # fmt: skip
    return Terms(**(values | changed))  # type: ignore[arg-type]


def evidence(signing: Signing, domain: str, document: bytes) -> KeyEvidence:
    public = signing.verifying()
    signature = signing.sign(message_of(domain, digest_of(document)))
    return KeyEvidence(v=1, algorithm=public.algorithm, public=text_of(public.public), signature=text_of(signature))


def attended(domain: str, document: bytes, *names: str, reference: str = "PAPER-7") -> AttendedEvidence:
    def one(name: str) -> OfficerSignature:
        signed = key(name).sign(attended_message(domain, digest_of(document), name, reference))
        return OfficerSignature(name=name, public=text_of(key(name).verifying().public), signature=text_of(signed))

    first, second = names or ("olga", "piet")
    return AttendedEvidence(v=1, reference=reference, officers=(one(first), one(second)))


def enrol(
    rooms: LetterRooms,
    name: str,
    subject: Identifier,
    *,
    person: Identifier | None = None,
    capacity: str = "",
    proof: Proof = EID,
    by: Sequence[str] = ("olga",),
) -> Signer:
    chosen = capacity or ("representative" if person else "self")
    request = Request(subject, chosen, proof, person)  # type: ignore[arg-type]
    public = key(name).verifying()
    statement = enrol_statement(rooms, subject, public.algorithm, public.public)
    return enrol_key(rooms, request, evidence(key(name), ENROL, statement), by=by)


def signed(
    rooms: LetterRooms,
    name: str,
    signer: Signer,
    subject: Identifier = FIRM,
    *,
    ticks: Sequence[str] = ("tax", "headcount", "public_credit"),
    stated: dict[str, str] | None = None,
    letter_id: str = "",
    **changed: object,
) -> Letter:
    """A letter, drafted and signed by a signer's key."""
    choices = Choices(tuple(ticks), stated or {}, "zh", signed_by(signer))
    document = draft_letter(rooms, terms(**changed), subject, choices, letter_id=letter_id).document
    return sign_letter(rooms, document, evidence(key(name), LETTER, document))


def mandate(institution: str = "bank-a", product: str = "tax_loan_basic", **changed: object) -> Mandate:
    caller = Caller(institution, f"{institution}/1", frozenset({"answers"}), sha256(institution.encode()).digest())
    values = {
        "caller": caller, "contract": "C-1", "end_user": "", "product": product, "purpose": "lending",
        "channel": "filed_enterprise_bureau", "quotas": {}, "plan": "",
    }  # fmt: skip
    return Mandate(**(values | changed))  # type: ignore[arg-type]


def question(basis: str | None, about: Identifier = FIRM, kind: BasisKind = BasisKind.LETTER) -> Question:
    reference = None if basis is None else BasisReference(kind, basis)
    return Question(
        key_id="bank-a/1", algorithm="ed25519", signed=b"", signature=b"", digest=b"d" * 32, content=b"c" * 32,
        nonce="n", created=0, expires=0, idempotency_key="k", product="tax_loan_basic", purpose="lending",
        about=about, basis=reference,
    )  # fmt: skip


def rules(**changed: object) -> Rules:
    """A product for firms that asks tax data and public lists, one for persons, one that is public, one of checks."""
    firm = (Ask("SWJ-06", "enterprise_auth", "数据安全法"), Ask("SCJ-01", "public"))
    products = {
        "tax_loan_basic": ProductTerms(
            "tax_loan_basic", "tax_loan_enterprise", "lending", {SubjectKind.ENTERPRISE: firm}, 24
        ),
        "farmer_loan": ProductTerms(
            "farmer_loan", "farmer_query", "lending",
            {SubjectKind.PERSON: (Ask("ZRZY-03", "written_consent", "征信业管理条例"), Ask("SCJ-17", "public"))}, 12,
        ),
        "register": ProductTerms(
            "register", "", "lending",
            {SubjectKind.ENTERPRISE: (Ask("SCJ-01", "public"),), SubjectKind.PERSON: (Ask("FY-01", "public"),)}, 0,
        ),
        "tax_check": ProductTerms(
            "tax_check", "tax_loan_enterprise", "lending", {SubjectKind.ENTERPRISE: firm}, 12, ("paid",)
        ),
        "oversight": ProductTerms("oversight", "", "supervision", {SubjectKind.ENTERPRISE: firm}, 24),
        "subsidy": ProductTerms("subsidy", "", "welfare", {SubjectKind.ENTERPRISE: firm}, 12),
    }  # fmt: skip
    return Rules(products, Purposes(packs().purposes))
