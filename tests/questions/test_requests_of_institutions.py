"""Letters proposed by request, products described, batches, objections flagged: the rest of the interface."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from puhui.adapters import django_setup  # noqa: F401  settings before models
from puhui.consent.proposals import is_letter_id
from puhui.desk.acts import approve_act, propose_act
from puhui.desk.letters import open_proposal
from puhui.desk.objections import REJECT, close_objection, open_objection, open_objections
from puhui.model.refusals import NotAllowed, UnknownName
from puhui.records import models

from .asking import ask
from .standing import FIRM, Bank, bank, copy_of, made
from .town import QUIET, STRANGER, sign


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A town to be copied, never written."""
    home = tmp_path_factory.mktemp("requests") / "home"
    made(home)
    return home


@pytest.fixture
def home(town: Path, tmp_path: Path) -> Path:
    return copy_of(town, tmp_path)


def proposal(about: Any = QUIET, **changed: Any) -> dict[str, Any]:
    said = {
        "v": 1, "about": {"kind": about.kind, "value": about.value}, "wording": "firm_letter", "purpose": "lending",
        "mode": "periodic", "cap": 4, "window": "month", "range_months": 12, "retention_days": 100, "life_days": 9,
    }  # fmt: skip
    return said | changed


# --- letters ---


def test_a_letter_is_proposed_once_and_its_state_is_told(home: Path) -> None:
    with bank(home) as a:
        first, again = (a.post("/v1/letters", proposal(), idempotency="p" * 20) for _ in range(2))
        assert first.status == 200 and first.told == again.told and first.signed
        letter, code = first.told["id"], first.told["code"]
        assert is_letter_id(letter) and first.told["state"] == "PROPOSED" and len(code) == 10
        found, terms = open_proposal(a.office.letter_rooms, QUIET, code=code)
        assert (found, terms.institution, terms.cap, terms.life_days) == (letter, "bank-a", 4, 9)
        assert a.get(f"/v1/letters/{letter}").told == {"id": letter, "state": "PROPOSED", "v": 1}
        assert models.Event.objects.filter(kind="letter-proposed").count() == 1
        second = a.post("/v1/letters", proposal(), idempotency="q" * 20)
        assert (second.code, second.status) == ("letter-refused", 403)
        assert a.office.codes() == ["letter-refused"] and a.office.check() == []


def test_a_stranger_and_a_known_firm_get_the_same_reply(home: Path) -> None:
    with bank(home) as a:
        replies = [a.post("/v1/letters", proposal(about)) for about in (QUIET, STRANGER)]
        assert [reply.status for reply in replies] == [200, 200]
        assert len({len(reply.body) for reply in replies}) == 1
        assert {reply.told["state"] for reply in replies} == {"PROPOSED"}


def test_a_copied_proposal_does_nothing(home: Path) -> None:
    with bank(home) as a:
        request = a.asker.post(proposal(), "/v1/letters")
        assert [ask(a.office, request)[0].code for _ in range(2)] == ["", "replayed"]
        other = a.post("/v1/letters", proposal(cap=5), idempotency=dict(request.headers)["idempotency-key"])
        assert (other.status, other.code) == (409, "idempotency-conflict")


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"wording": "no_letter"}, "letter-refused"),
        ({"purpose": "medical"}, "letter-refused"),
        ({"end_user": "bank-z"}, "letter-refused"),
        ({"cap": 100_000}, "letter-refused"),
        ({"about": {"kind": "uscc", "value": "9" * 18}}, "bad-request"),
        ({"extra": 1}, "bad-request"),
    ],
)
def test_proposals_that_the_rules_refuse(town: Path, tmp_path: Path, changed: dict[str, Any], code: str) -> None:
    with bank(copy_of(town, tmp_path)) as a:
        assert a.post("/v1/letters", proposal() | changed).code == code
        assert not models.Letter.objects.filter(state="PROPOSED").exists()


def test_letters_of_others_and_none_look_the_same_and_the_scope_counts(home: Path) -> None:
    with bank(home) as a:
        letter = a.office.letters["firm"]
        assert a.get(f"/v1/letters/{letter}").told["state"] == "ACTIVE"
        of_b = sign(a.office.letter_rooms, "firm", FIRM, institution="bank-b").id
        replies = [a.get(f"/v1/letters/{name}") for name in (of_b, "L-none", "..%2f")]
        assert {(reply.status, reply.code, len(reply.body)) for reply in replies} == {(403, "not-available", 1024)}
        b = Bank(a.office, name="bank-b")
        assert b.post("/v1/letters", proposal()).code == b.get(f"/v1/letters/{of_b}").code == "scope-refused"


# --- products and batches ---


def test_products_say_how_they_are_laid_out(home: Path) -> None:
    with bank(home) as a:
        products = {one["product"]: one for one in a.get("/v1/products").told["products"]}
        report = products["firm_report"]
        assert [section["title"]["en"] for section in report["sections"]] == ["Registration", "Tax"]
        listed = [name for section in report["sections"] for name in section["items"]]
        assert listed == [item["name"] for item in report["items"]]
        answer = a.post("/v1/answers", a.asker.said(FIRM, product="firm_report"))
        assert list(answer.items) == listed
        (item,) = products["paid_check"]["items"]
        assert (item["compare"], item["title"]["en"]) == ("at_least", "At least what was stated")


def test_a_check_says_yes_or_no_about_what_the_letter_states(home: Path) -> None:
    with bank(home) as a:
        for stated, agrees in (("4000", True), ("6000", False)):
            letter = sign(a.office.letter_rooms, "firm", FIRM, stated={"paid": stated}).id
            reply = a.post("/v1/answers", a.asker.said(FIRM, letter, product="paid_check"))
            assert reply.items == {"paid": agrees}
        nothing = a.post("/v1/answers", a.asker.said(FIRM, product="paid_check"))
        assert nothing.code == "missing-tick"
        assert b"5000" not in reply.body and b"6000" not in reply.body


def test_a_batch_is_answered_one_by_one(home: Path) -> None:
    with bank(home) as a:
        said = [a.asker.said(FIRM), a.asker.said(STRANGER), a.asker.said(FIRM, product="firm_report")]
        body = {"v": 1, "questions": said}
        reply = a.post("/v1/answers:batch", body, idempotency="b" * 20)
        statuses = [one["status"] for one in reply.told["answers"]]
        assert statuses == [200, 403, 200] and reply.signed
        assert len(reply.told["answers"][1]["body"].encode()) == 1024
        again = a.post("/v1/answers:batch", body, idempotency="b" * 20)
        told = [[json.loads(one["body"]) for one in given.told["answers"]] for given in (reply, again)]
        assert told[0][0] == told[1][0] and told[0][2] == told[1][2]
        assert [row.price_fen for row in a.office.asked("bank-a")] == [100, 0, 100, 0]
        assert a.office.check() == []


# --- objections ---


def flags(a: Bank) -> dict[str, list[str]]:
    reply = a.post("/v1/answers", a.asker.said(FIRM))
    return {item["name"]: item.get("flags", []) for item in reply.told["record"]["items"]}


def firm(a: Bank) -> Any:
    return a.office.letter_rooms.find(FIRM)


def test_what_is_objected_to_is_flagged_until_it_is_settled(home: Path) -> None:
    with bank(home) as a:
        desk = a.office.desk
        assert not any(flags(a).values())
        made_one = open_objection(desk, firm(a), "SWJ-06", by="anna")
        with pytest.raises(NotAllowed):
            open_objection(desk, firm(a), "SWJ-06", by="anna")
        with pytest.raises(UnknownName):
            open_objection(desk, firm(a), "XYZ-01", by="anna")
        _seen_by_the_gateway(a)
        assert {name for name, flag in flags(a).items() if flag == ["objected"]} == {"paid_1m"}
        assert open_objections(desk)[0]["item"] == "SWJ-06"
        close_objection(desk, made_one.id, "corrected", by="bela", reason="the agency corrected it")
        _seen_by_the_gateway(a)
        assert not any(flags(a).values()) and open_objections(desk) == []
        kinds = [event.kind for event in models.Event.objects.filter(subject=made_one.subject).order_by("id")]
        assert kinds[-2:] == ["objection-opened", "objection-corrected"]


def test_rejecting_an_objection_takes_two_people(home: Path) -> None:
    with bank(home) as a:
        desk = a.office.desk
        made_one = open_objection(desk, firm(a), "SWJ-06", by="anna")
        with pytest.raises(NotAllowed):
            close_objection(desk, made_one.id, "rejected", by="anna", reason="the papers say so")
        number = propose_act(desk, REJECT, {"objection": made_one.id}, by="anna", reason="the papers say so")
        with pytest.raises(NotAllowed):
            approve_act(desk, number, by="anna")
        assert len(open_objections(desk)) == 1
        assert approve_act(desk, number, by="bela")["state"] == "rejected"
        assert open_objections(desk) == []
        with pytest.raises(UnknownName):
            close_objection(desk, made_one.id, "withdrawn", by="anna", reason="asked for it")


def _seen_by_the_gateway(a: Bank) -> None:
    """Another process's change is seen after 50 ms; here the memory is told to look again."""
    a.office.questions.rooms.objections._watched.forget()  # type: ignore[attr-defined]
