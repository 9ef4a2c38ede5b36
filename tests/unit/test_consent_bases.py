"""The bases that are no letter: their rules, how they are recorded and lifted, and what an order hides."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from puhui.adapters import django_setup
from puhui.consent.bases import PublicBasis, hidden_until, opens
from puhui.consent.letter import State
from puhui.consent.permit import permit_for
from puhui.desk.bases import lift_basis, record_basis
from puhui.model.question import BasisKind
from puhui.model.refusals import NotAllowed
from puhui.model.refusals_question import LetterNotInForce, LetterRefused, NoBasis
from puhui.packs.forms import GATES
from puhui.records import models

from .consent_made import ANNA, FIRM, NOW, OTHER_FIRM, TOKENS, Made, enrol, find, make, mandate, question, rules, signed

DUTY = PublicBasis(
    kind=BasisKind.DUTY, institution="office", subject="", purpose="supervision", items={"SWJ-06": "enterprise_auth"},
    article="税收征收管理法 第五十四条", reference="DUTY-2026-3", range_months=36, cap=100, window="month",
    retention_days=365, start=NOW, end=NOW + timedelta(days=365),
)  # fmt: skip
ORDER = replace(DUTY, kind=BasisKind.ORDER, institution="court", subject=TOKENS[FIRM], reference="(2026)赣05执1号")
APPLICATION = replace(DUTY, kind=BasisKind.APPLICATION, purpose="welfare", subject=TOKENS[FIRM], cap=2)
TWO = ("olga", "piet")


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> None:
    django_setup.connect(django_setup.sqlite(tmp_path_factory.mktemp("tables") / "records.db"))


@pytest.fixture
def made(tables: None, tmp_path: Path) -> Made:
    return make(tmp_path)


@pytest.mark.parametrize(
    ("basis", "product"),
    [(DUTY, "oversight"), (ORDER, "oversight"), (APPLICATION, "subsidy")],
    ids=lambda b: str(b)[:12],
)
def test_each_kind_gives_a_permit(made: Made, basis: PublicBasis, product: str) -> None:
    row = record_basis(made.rooms, basis, by=TWO)
    given = mandate(basis.institution, product, purpose=basis.purpose)

    def ask() -> object:
        asked = question(row.id, FIRM, basis.kind)
        return permit_for(given, find(FIRM), asked, made.rooms.book, rules(), made.clock())

    permit = ask()
    assert (permit.basis_digest, permit.items["SWJ-06"]) == (row.digest, "enterprise_auth")  # type: ignore[attr-defined]
    lift_basis(made.rooms, row.id, by="olga")
    with pytest.raises(LetterNotInForce):
        ask()


def test_a_duty_is_about_whomever_it_concerns_and_an_order_about_one(made: Made) -> None:
    duty, order = record_basis(made.rooms, DUTY, by=TWO), record_basis(made.rooms, ORDER, by=TWO)
    for row, body in ((duty, "office"), (order, "court")):
        given = mandate(body, "oversight", purpose="supervision")
        asked = question(row.id, OTHER_FIRM, row.basis)
        if row is duty:
            permit_for(given, find(OTHER_FIRM), asked, made.rooms.book, rules(), NOW)
            continue
        with pytest.raises(NoBasis):
            permit_for(given, find(OTHER_FIRM), asked, made.rooms.book, rules(), NOW)


@pytest.mark.parametrize(
    ("changed", "part"),
    [
        ({"institution": "bank-a"}, "institution"),
        ({"institution": "gone"}, "institution"),
        ({"purpose": "lending"}, "purpose"),
        ({"purpose": "welfare", "kind": BasisKind.ORDER, "institution": "court", "subject": TOKENS[FIRM]}, "purpose"),
        ({"kind": BasisKind.LETTER}, "kind"),
        ({"kind": BasisKind.ORDER, "subject": TOKENS[FIRM]}, "institution"),  # an office orders nothing
        ({"kind": BasisKind.ORDER, "institution": "court"}, "subject"),
        ({"subject": TOKENS[FIRM]}, "subject"),
        ({"article": " "}, "article"),
        ({"reference": ""}, "reference"),
        ({"items": {}}, "items"),
        ({"items": {"SWJ-06": "prohibited"}}, "items"),
        ({"items": {"SWJ-06": "whatever"}}, "items"),
        ({"end": NOW}, "end"),
        ({"range_months": 61}, "range_months"),
        ({"cap": 101}, "cap"),
        ({"end": NOW + timedelta(days=1828)}, "life_days"),
    ],
)
def test_a_basis_beyond_its_rules_names_the_part(made: Made, changed: dict[str, object], part: str) -> None:
    with pytest.raises(LetterRefused) as told:
        record_basis(made.rooms, replace(DUTY, **changed), by=TWO)  # type: ignore[arg-type]
    assert told.value.where == part and models.Letter.objects.count() == 0


@pytest.mark.parametrize("by", [(), ("olga",), ("olga", "olga"), ("olga", "stranger")])
def test_two_officers_record_a_basis(made: Made, by: tuple[str, ...]) -> None:
    with pytest.raises(NotAllowed):
        record_basis(made.rooms, DUTY, by=by)


def test_an_order_stays_out_of_its_subjects_trace_until_it_has_ended(made: Made) -> None:
    order = record_basis(made.rooms, ORDER, by=TWO)
    event = models.Event.objects.get(kind="sealed-recorded")
    assert event.subject == "" and TOKENS[FIRM] not in str(event.detail) and ORDER.reference not in str(event.detail)
    assert hidden_until(order) == ORDER.end
    assert hidden_until(record_basis(made.rooms, DUTY, by=TWO)) is None
    lifted = lift_basis(made.rooms, order.id, by="olga")
    assert (lifted.state, hidden_until(lifted)) == (State.REVOKED, None)
    assert models.Event.objects.get(kind="letter-ended").subject == TOKENS[FIRM]


def test_what_a_basis_stands_on_is_sealed(made: Made) -> None:
    order = record_basis(made.rooms, ORDER, by=TWO)
    row = models.Letter.objects.values().get(pk=order.id)
    assert row["key_id"].startswith("bases/") and ORDER.reference.encode() not in bytes(row["sealed"])
    assert ORDER.reference not in str(row)


def test_a_letter_is_its_subjects_to_revoke(made: Made) -> None:
    letter = signed(made.rooms, "anna", enrol(made.rooms, "anna", FIRM, person=ANNA))
    with pytest.raises(LetterRefused):
        lift_basis(made.rooms, letter.id, by="olga")


def test_nothing_opens_what_is_prohibited() -> None:
    for place, gate in enumerate(GATES):
        assert [opens(tick, gate) for tick in GATES] == [
            "prohibited" not in (gate, GATES[other]) and other >= place for other in range(len(GATES))
        ]
    assert not opens("", "public")
