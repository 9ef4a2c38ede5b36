"""What a letter lets a caller ask: a table of letters and questions, each with its permit or its refusal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

import pytest

from puhui.consent.caps import Purposes
from puhui.consent.letter import Letter, State
from puhui.consent.permit import Ask, ProductTerms, Rules, permit_for
from puhui.model.question import BasisKind, Permit
from puhui.model.refusals_question import (
    LetterNotInForce,
    LetterSpent,
    MissingTick,
    NoBasis,
    PurposeRefused,
    QuestionRefused,
    SubjectRefused,
)
from puhui.model.subject import Identifier, SubjectKind
from puhui.packs.forms import Words
from puhui.packs.forms_answers import LimitSources, PurposeLimits, PurposeTable

from ..unit.consent_made import ANNA, CHILD, FIRM, NOW, OTHER_FIRM, TOKENS, find, mandate, question, rules

LETTER = Letter(
    id="L-1", basis=BasisKind.LETTER, subject=TOKENS[FIRM], institution="bank-a", end_user="",
    wording="tax_loan_enterprise", purpose="lending", items={"SWJ-06": "enterprise_auth", "SCJ-01": "public"},
    stated=(), mode="periodic", cap=4, window="month", range_months=24, retention_days=365,
    start=NOW - timedelta(days=10), end=NOW + timedelta(days=90), state=State.ACTIVE, version=3, digest=b"l" * 32,
)  # fmt: skip
FARMER = replace(
    LETTER, subject=TOKENS[ANNA], wording="farmer_query", items={"ZRZY-03": "written_consent"}, range_months=12
)
DUTY = replace(
    LETTER, id="B-1", basis=BasisKind.DUTY, subject="", institution="office", wording="", purpose="supervision"
)
ORDER = replace(DUTY, basis=BasisKind.ORDER, institution="court", subject=TOKENS[FIRM])
APPLICATION = replace(DUTY, basis=BasisKind.APPLICATION, purpose="welfare", subject=TOKENS[FIRM])


@dataclass
class Held:
    """`Letters` of one row."""

    row: Letter
    values: Mapping[str, str] = field(default_factory=dict)

    def letter(self, letter_id: str) -> Letter | None:
        return self.row if letter_id == self.row.id else None

    def stated(self, letter: Letter) -> Mapping[str, str]:
        return self.values


@dataclass(frozen=True)
class Case:
    """One row of the table. `changed`: what is different about the letter. `refused` None: a permit."""

    name: str
    refused: type[QuestionRefused] | None = None
    where: str = ""
    letter: Letter = LETTER
    changed: Mapping[str, Any] = field(default_factory=dict)
    mandate: Mapping[str, Any] = field(default_factory=dict)
    institution: str = "bank-a"
    product: str = "tax_loan_basic"
    about: Identifier = FIRM
    basis: str | None = "L-1"
    kind: BasisKind = BasisKind.LETTER
    days: int = 0


CASES = [
    Case("in force"),
    Case("no such letter", NoBasis, basis="L-2"),
    Case("a letter of another bank", NoBasis, institution="bank-b"),
    Case("a letter about another firm", NoBasis, about=OTHER_FIRM),
    Case("a letter named as another kind of basis", NoBasis, kind=BasisKind.DUTY),
    Case("an intermediary for the end user that the letter names", changed={"end_user": "bank-b"},
         mandate={"end_user": "bank-b"}),
    Case("an intermediary for another end user", NoBasis, changed={"end_user": "bank-b"},
         mandate={"end_user": "bank-c"}),
    Case("an intermediary without the end user", NoBasis, changed={"end_user": "bank-b"}),
    Case("a bank that names an end user of its own making", NoBasis, mandate={"end_user": "bank-b"}),
    Case("proposed only", NoBasis, changed={"state": State.PROPOSED}),
    Case("declined", NoBasis, changed={"state": State.DECLINED}),
    Case("paused", LetterNotInForce, "state", changed={"state": State.PAUSED}),
    Case("revoked", LetterNotInForce, "state", changed={"state": State.REVOKED}),
    Case("expired", LetterNotInForce, "state", changed={"state": State.EXPIRED}),
    Case("not begun", LetterNotInForce, "start", days=-11),
    Case("its last moment", days=0, changed={"end": NOW + timedelta(seconds=1)}),
    Case("over", LetterNotInForce, "end", changed={"end": NOW}),
    Case("older than its purpose allows", LetterNotInForce, "life_days", changed={"start": NOW - timedelta(days=366)}),
    Case("signed for another purpose", PurposeRefused, "purpose", changed={"purpose": "guarantee"}),
    Case("another wording", PurposeRefused, "wording", changed={"wording": "sme_query"}),
    Case("a shorter range than the product reads", LetterSpent, "range_months", changed={"range_months": 23}),
    Case("used up in this month", LetterSpent, "cap", changed={"uses_in_window": 4, "window_started": NOW}),
    Case("used up last month", changed={"uses_in_window": 4, "window_started": NOW - timedelta(days=25)}),
    Case("used once of once", LetterSpent, "cap",
         changed={"mode": "once", "cap": 1, "window": "letter", "uses": 1}),
    Case("once, unused", changed={"mode": "once", "cap": 1, "window": "letter"}),
    Case("a cap beyond the purpose's counts as the purpose's", LetterSpent, "cap",
         changed={"cap": 9, "uses_in_window": 4, "window_started": NOW}),
    Case("a window that the purpose does not know", LetterSpent, "cap", changed={"window": "day"}),
    Case("the tick is missing", MissingTick, "SWJ-06", changed={"items": {"SCJ-01": "public"}}),
    Case("the tick is of a lower gate", MissingTick, "SWJ-06", changed={"items": {"SWJ-06": "public"}}),
    Case("the tick is of a higher gate", changed={"items": {"SWJ-06": "written_consent"}}),
    Case("a product for others than this kind", NoBasis, product="farmer_loan"),
    Case("public items of a firm without a letter", product="register", basis=None),
    Case("public items of a person without a letter", NoBasis, product="register", basis=None, about=ANNA),
    Case("closed items without a letter", NoBasis, basis=None),
    Case("a check without its stated value", MissingTick, "stated", product="tax_check"),
    Case("a check with its stated value", product="tax_check", changed={"stated": ("paid",)}),
    Case("a person of age", letter=FARMER, product="farmer_loan", about=ANNA),
    Case("a person's letter without the written tick", MissingTick, "ZRZY-03", letter=FARMER, product="farmer_loan",
         about=ANNA, changed={"items": {"ZRZY-03": "separate_consent"}}),
    Case("a minor", SubjectRefused, letter=replace(FARMER, subject=TOKENS[CHILD]), product="farmer_loan", about=CHILD),
    Case("a minor without any letter", SubjectRefused, product="farmer_loan", about=CHILD, basis=None),
    Case("a statutory duty", letter=DUTY, institution="office", basis="B-1", kind=BasisKind.DUTY, product="oversight",
         mandate={"purpose": "supervision"}),
    Case("a duty does not lend", PurposeRefused, "purpose", letter=replace(DUTY, purpose="lending"),
         institution="office", basis="B-1", kind=BasisKind.DUTY),
    Case("a duty of another body", NoBasis, letter=DUTY, institution="court", basis="B-1", kind=BasisKind.DUTY,
         product="oversight", mandate={"purpose": "supervision"}),
    Case("a duty that does not name the item", MissingTick, "SWJ-06", letter=replace(DUTY, items={"FY-01": "public"}),
         institution="office", basis="B-1", kind=BasisKind.DUTY, product="oversight",
         mandate={"purpose": "supervision"}),
    Case("an order", letter=ORDER, institution="court", basis="B-1", kind=BasisKind.ORDER, product="oversight",
         mandate={"purpose": "supervision"}),
    Case("an order about somebody else", NoBasis, letter=ORDER, institution="court", basis="B-1",
         kind=BasisKind.ORDER, product="oversight", about=OTHER_FIRM, mandate={"purpose": "supervision"}),
    Case("an application", letter=APPLICATION, institution="office", basis="B-1", kind=BasisKind.APPLICATION,
         product="subsidy", mandate={"purpose": "welfare"}),
    Case("an application does not serve supervision", PurposeRefused, "purpose",
         letter=replace(APPLICATION, purpose="supervision"), institution="office", basis="B-1",
         kind=BasisKind.APPLICATION, product="oversight", mandate={"purpose": "supervision"}),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_question_under_a_letter(case: Case) -> None:
    row = replace(case.letter, **case.changed)
    asked = question(case.basis, case.about, case.kind)
    given = mandate(case.institution, case.product, **case.mandate)
    held = Held(row, {"paid": "120000"})
    now = NOW + timedelta(days=case.days)
    if case.refused is None:
        permit = permit_for(given, find(case.about), asked, held, rules(), now)
        assert permit.subject.token == TOKENS[case.about] and permit.mandate is given
        assert (permit.basis_digest, permit.version) == ((row.digest, row.version) if case.basis else (b"", 0))
        return
    with pytest.raises(QuestionRefused) as told:
        permit_for(given, find(case.about), asked, held, rules(), now)
    assert (type(told.value), told.value.where) == (case.refused, case.where)


@pytest.mark.parametrize("case", [case for case in CASES if case.refused], ids=lambda case: case.name)
def test_only_the_holder_of_a_letter_about_this_subject_is_told_why(case: Case) -> None:
    """The same cases asked by another bank, and about another firm: all that is told is hidden and the same."""
    row = replace(case.letter, **case.changed)
    told = set()
    for institution, about in ((case.institution, OTHER_FIRM), ("stranger", case.about)):
        if (row.basis is BasisKind.DUTY and institution != "stranger") or about in (CHILD,):
            continue
        with pytest.raises(QuestionRefused) as caught:
            asked = question("L-1" if case.basis is None else case.basis, about, case.kind)
            permit_for(mandate(institution, case.product, **case.mandate), find(about), asked, Held(row), rules(), NOW)
        told.add((type(caught.value), caught.value.said, caught.value.where, caught.value.article))
        assert caught.value.hidden
    assert len(told) <= 1


def test_a_permit_carries_what_the_next_rooms_need() -> None:
    row = replace(LETTER, stated=("paid",), retention_days=9999, cap=9)
    permit = permit_for(
        mandate(product="tax_check"), find(FIRM), question("L-1"), Held(row, {"paid": "120000"}), rules(), NOW
    )
    assert permit.items == {"SWJ-06": "enterprise_auth", "SCJ-01": "public"}
    assert permit.stated == {"paid": "120000"} and permit.question == b"d" * 32
    assert (permit.retention_days, permit.cap, permit.window) == (1826, 4, "month")  # the purpose's, by now
    assert permit.pseudonym.startswith("S-") and TOKENS[FIRM] not in repr(permit.pseudonym)


def test_each_institution_knows_a_subject_by_a_name_of_its_own() -> None:
    def known(institution: str) -> str:
        row = replace(LETTER, institution=institution)
        return permit_for(mandate(institution), find(FIRM), question("L-1"), Held(row), rules(), NOW).pseudonym

    assert known("bank-a") == known("bank-a") != known("bank-b")


def test_a_spent_letter_tells_when_to_come_again() -> None:
    row = replace(LETTER, uses_in_window=4, window_started=NOW)
    with pytest.raises(LetterSpent) as told:
        permit_for(mandate(), find(FIRM), question("L-1"), Held(row), rules(), NOW)
    first_of_december = NOW.replace(month=11, day=30, hour=16)  # midnight in Beijing
    assert told.value.retry_after == (first_of_december - NOW).total_seconds()


def test_a_stricter_table_binds_letters_that_were_signed_before_it() -> None:
    sources = LimitSources(range_months="x", uses="x", life_days="x", retention_days="x")
    old = PurposeLimits(from_=date(2020, 1, 1), range_months=36, uses={"month": 4}, life_days=366,
                        retention_days=1826, sources=sources)  # fmt: skip
    new = PurposeLimits(from_=NOW.date(), range_months=12, uses={"month": 1}, life_days=366, retention_days=30,
                        sources=sources)  # fmt: skip
    table = PurposeTable(format=1, name="lending", title=Words(zh="贷款", en="Lending"), values=[old, new])
    stricter = Rules(rules().products, Purposes({"lending": table}))
    permit_for(mandate(), find(FIRM), question("L-1"), Held(LETTER), stricter, NOW - timedelta(days=2))
    with pytest.raises(LetterSpent) as told:
        permit_for(mandate(), find(FIRM), question("L-1"), Held(LETTER), stricter, NOW)
    assert told.value.where == "range_months"


def test_the_birthday_counts_in_the_zones_time() -> None:
    """18 on 2028-01-01 in Beijing: eight hours before it is that day in Greenwich."""
    row = replace(FARMER, subject=TOKENS[CHILD], start=NOW, end=NOW + timedelta(days=3650))
    born = NOW.replace(year=2028, month=1, day=1, hour=0)

    def ask(now: Any) -> None:
        young = replace(row, start=now - timedelta(days=1))
        permit_for(mandate(product="farmer_loan"), find(CHILD), question("L-1", CHILD), Held(young), rules(), now)

    ask(born - timedelta(hours=8))
    with pytest.raises(SubjectRefused):
        ask(born - timedelta(hours=8, seconds=1))


def _choice(*asks: Ask) -> Rules:
    """A product of these asks, under the enterprise's letter."""
    terms = ProductTerms("choice", "tax_loan_enterprise", "lending", {SubjectKind.ENTERPRISE: asks}, 12)
    return replace(rules(), products={"choice": terms})


NEEDED, LEFT_OUT, PUBLIC = (
    Ask("SWJ-06", "enterprise_auth"),
    Ask("RSJ-01", "consent", optional=True),
    Ask("SCJ-01", "public"),
)


@pytest.mark.parametrize(
    ("asks", "unticked"),
    [
        ((NEEDED, PUBLIC), frozenset()),
        ((NEEDED, LEFT_OUT, PUBLIC), frozenset({"RSJ-01"})),
        ((NEEDED, LEFT_OUT, replace(LEFT_OUT, item="RSJ-02")), frozenset({"RSJ-01", "RSJ-02"})),
        ((replace(NEEDED, optional=True), LEFT_OUT), frozenset({"RSJ-01"})),
        ((NEEDED, replace(LEFT_OUT, optional=False)), None),
        ((LEFT_OUT, PUBLIC), None),  # nothing of it is opened but what is public anyway
        ((NEEDED, replace(LEFT_OUT, gate="prohibited")), None),
        ((NEEDED, replace(LEFT_OUT, item="SWJ-06", gate="written_consent")), frozenset({"SWJ-06"})),
    ],
)
def test_ticks_that_may_be_left_out(asks: tuple[Ask, ...], unticked: frozenset[str] | None) -> None:
    def permitted() -> Permit:
        return permit_for(mandate("bank-a", "choice"), find(FIRM), question("L-1"), Held(LETTER), _choice(*asks), NOW)

    if unticked is None:
        with pytest.raises(MissingTick) as told:
            permitted()
        assert told.value.where == "RSJ-01"
    else:
        assert permitted().unticked == unticked
