"""Monitors end to end: set by a signed request, looked at after each snapshot, told by webhook and by polling."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from puhui.adapters.monitors_django import DjangoMonitors
from puhui.bank.notices import receive
from puhui.gateway.monitor_looks import TRIES, wait_after
from puhui.gateway.monitors import notices_after
from puhui.gateway.prepared import Products
from puhui.institutions.admission import NewKey
from puhui.institutions.standing import standing_caller
from puhui.model.institution import Standing
from puhui.model.refusals import NoSubject
from puhui.model.refusals_question import BadSignature, NotVerified, SnapshotBehind, Stale
from puhui.records import models
from puhui.wire.http_signatures import HttpRequest, raw, unsigned

from .asking import ask
from .standing import FIRM, HOOK, PAID_ABOVE_6000, Bank, bank, copy_of, made, paid
from .town import QUIET, STRANGER, key, sign


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A town to be copied, never written."""
    home = tmp_path_factory.mktemp("standing") / "home"
    made(home)
    return home


@pytest.fixture(scope="module")
def risen(town: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with a monitor of bank-a, set before FIRM paid 7000 instead of 5000."""
    home = copy_of(town, tmp_path_factory.mktemp("risen"))
    with bank(home) as a:
        assert a.post("/v1/monitors", a.watching(address=HOOK)).told["state"] == "active"
    paid(home, 7000)
    return home


@pytest.fixture
def home(town: Path, tmp_path: Path) -> Path:
    return copy_of(town, tmp_path)


@pytest.fixture
def later(risen: Path, tmp_path: Path) -> Path:
    return copy_of(risen, tmp_path)


def monitor_of(a: Bank) -> str:
    (found,) = DjangoMonitors().to_look(99, 9)
    assert a.get(f"/v1/monitors/{found.id}").told["id"] == found.id
    return found.id


def kinds(a: Bank) -> list[str]:
    """Kinds of the entries about FIRM, oldest first, once every event is taken."""
    a.office.questions.rooms.log.pad()
    subject = a.office.questions.rooms.index.subject(None, FIRM, a.office.clock.now.date())  # type: ignore[arg-type]
    return [entry.kind for entry in a.office.questions.log.store.entries_of(subject.token)]


# --- setting one ---


def test_one_request_sets_one_monitor(home: Path) -> None:
    with bank(home) as a:
        body = a.watching()
        first, again = (a.post("/v1/monitors", body, idempotency="k" * 20) for _ in range(2))
        assert first.status == 200 and first.told == again.told and first.signed
        assert first.told["last_snapshot"] == 1
        other = a.post("/v1/monitors", a.watching({"item": "paid_1m", "when": "changed"}), idempotency="k" * 20)
        assert (other.status, other.code) == (409, "idempotency-conflict")
        assert a.get(f"/v1/monitors/{first.told['id']}").told == first.told
        assert a.round() == (0, 0)  # it looked when it was set: only what changes from now on is told
        assert kinds(a)[-1] == "contract"
        assert a.office.codes() == ["idempotency-conflict"] and a.office.check() == []


def test_a_copied_request_does_nothing(home: Path) -> None:
    with bank(home) as a:
        request = a.asker.post(a.watching(), "/v1/monitors")
        first, again = ask(a.office, request)[0], ask(a.office, request)[0]
        assert (first.status, again.status, again.code) == (200, 401, "replayed")
        path = f"/v1/monitors/{first.told['id']}"
        gone = a.deletion(path)
        assert [ask(a.office, gone)[0].status for _ in range(2)] == [200, 401]
        shown = a.asker.get(path)
        assert [ask(a.office, shown)[0].status for _ in range(2)] == [200, 401]


def test_the_nonce_of_a_refused_request_is_spent(home: Path) -> None:
    with bank(home) as a:
        request = a.asker.post(a.watching(address="https://elsewhere.example/"), "/v1/monitors")
        assert [ask(a.office, request)[0].code for _ in range(2)] == ["bad-request", "replayed"]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"product": "firm_loan"}, "bad-request"),  # not a product that is watched
        ({"product": "paid_band"}, "no-contract"),
        ({"product": "clinic_history"}, "prohibited-item"),
        ({"purpose": "guarantee"}, "purpose-refused"),
        ({"address": "https://elsewhere.example/"}, "bad-request"),
        ({"address": "http://notices.bank-a.example/puhui"}, "bad-request"),
        ({"limits": [{"item": "firm_years", "when": "above", "value": "1"}]}, "bad-request"),
        ({"limits": [{"item": "paid_1m", "when": "above"}]}, "bad-request"),
        ({"limits": [{"item": "paid_1m", "when": "above", "value": "NaN"}]}, "bad-request"),
        ({"limits": [{"item": "paid_1m", "when": "changed", "value": "1"}]}, "bad-request"),
        ({"limits": [{"item": "firm_state_now", "when": "below", "value": "1"}]}, "bad-request"),
        ({"about": {"kind": "uscc", "value": QUIET.value}}, "not-available"),
        ({"about": {"kind": "uscc", "value": STRANGER.value}}, "not-available"),
        ({"basis": {"kind": "letter", "id": "L-nobodys"}}, "not-available"),
    ],
)
def test_what_would_not_be_answered_is_not_watched(town: Path, changed: dict[str, Any], code: str) -> None:
    """The town is not written: every request is refused, and the log is a copy's."""
    with bank(_refusing(town)) as a:
        assert a.post("/v1/monitors", a.watching() | changed).code == code
        assert DjangoMonitors().to_look(99, 9) == []


_copies: dict[Path, Path] = {}


def _refusing(town: Path) -> Path:
    """One copy for all that is refused."""
    if town not in _copies:
        folder = town.parent / "refusing"
        folder.mkdir()
        _copies[town] = copy_of(town, folder)
    return _copies[town]


def test_a_letter_carries_few_monitors(home: Path) -> None:
    with bank(home) as a:
        replies = [a.post("/v1/monitors", a.watching()) for _ in range(4)]
        assert [reply.code for reply in replies] == ["", "", "", "letter-refused"]
        a.delete(f"/v1/monitors/{replies[0].told['id']}")
        assert a.post("/v1/monitors", a.watching()).status == 200


def test_somebody_elses_monitor_and_none_look_the_same(home: Path) -> None:
    with bank(home) as a:
        made_one = a.post("/v1/monitors", a.watching()).told["id"]
        b = Bank(a.office, name="bank-b")
        replies = [b.get(f"/v1/monitors/{name}") for name in (made_one, "M-none")]
        replies += [b.delete(f"/v1/monitors/{name}") for name in (made_one, "M-none")]
        assert {(reply.status, reply.code, len(reply.body)) for reply in replies} == {(403, "not-available", 1024)}
        assert a.get(f"/v1/monitors/{made_one}").told["state"] == "active"


# --- looking and telling ---


def test_a_crossed_limit_is_answered_logged_billed_and_told_once(later: Path) -> None:
    with bank(later) as a:
        assert a.round() == (1, 1) and a.round() == (0, 0)
        ((address, headers, body),) = a.mailbox.sent
        told = json.loads(body)
        assert (address, told["crossed"], told["snapshot"]) == (HOOK, ["paid_1m"], 2)
        row = a.office.asked("bank-a")[-1]
        answer = json.loads(told["answer"]["body"])
        assert (row.product, row.price_fen, row.code, row.answer_id) == ("firm_watch", 100, "", answer["id"])
        assert {item["name"]: item["value"] for item in answer["record"]["items"]}["paid_1m"] == "7000.00"
        assert a.office.questions.rooms.letters.letter(a.office.letters["firm"]).uses == 1  # type: ignore[union-attr]
        assert kinds(a)[-1] == "answer" and a.office.check() == []
        _check_signed(a, headers, body)


def _check_signed(a: Bank, headers: Any, body: bytes) -> None:
    """As the bank receives it, honest and not."""
    zone = a.office.questions.rooms.signing.verifying()
    request = HttpRequest("POST", "notices.bank-a.example", "/puhui", "", raw(headers), body)
    keys, now = {zone.id: zone}, a.office.clock.seconds
    told = receive(request, keys, now)
    assert (told.crossed, told.snapshot) == (("paid_1m",), 2)
    assert told.answer.form.record.product == "firm_watch"
    other = body.replace(b"7000.00", b"9000.00")
    swapped = tuple((n, dict(unsigned(other)).get(n, v)) for n, v in headers)  # with the digest of the other body
    for forged, known, when, no in (
        (replace(request, body=other), keys, now, BadSignature),
        (replace(request, body=other, headers=raw(swapped)), keys, now, BadSignature),
        (replace(request, authority="elsewhere.example"), keys, now, BadSignature),
        (request, {}, now, NotVerified),
        (request, keys, now + 3600, Stale),
    ):
        with pytest.raises(no):
            receive(forged, known, when)


def test_a_look_that_crosses_nothing_is_logged_and_free(home: Path) -> None:
    with bank(home) as a:
        a.post("/v1/monitors", a.watching())
    paid(home, 5500)
    with bank(home) as a:
        assert a.round() == (1, 0) and a.notices() == []
        assert kinds(a)[-2:] == ["contract", "access"]
        assert a.office.asked("bank-a") == [] and a.office.check() == []
    paid(home, 6500)
    with bank(home) as a:
        assert a.round()[0] == 1
        assert [one["notice"]["crossed"] for one in a.notices()] == [["paid_1m"]]


def test_notices_are_polled_for_and_acknowledged(later: Path) -> None:
    with bank(later) as a:
        a.mailbox.takes = False
        a.round()
        (one,) = a.notices()
        assert (one["number"], one["state"]) == (1, "waiting")
        assert a.notices(after=1) == [] and Bank(a.office, name="bank-b").notices() == []
        assert a.get("/v1/notices", "after=-1").code == "bad-request"
        assert a.post("/v1/notices:acknowledge", {"v": 1, "number": 1}).told["notices"] == []
        assert a.notices()[0]["state"] == "acknowledged"
        a.office.clock.pass_by(hours=3)
        assert a.round() == (0, 0)  # nothing is sent any more


def test_a_notice_is_tried_again_and_then_given_up(later: Path) -> None:
    with bank(later) as a:
        a.mailbox.takes = False
        a.round()
        for tries in range(1, TRIES):
            assert a.round() == (0, 0), "it waits"
            a.office.clock.pass_by(seconds=wait_after(tries).total_seconds())
            assert a.round() == (0, 1)
        assert len(a.mailbox.sent) == TRIES
        assert len({dict(headers)["idempotency-key"] for _, headers, _ in a.mailbox.sent}) == 1
        assert len({dict(headers)["signature"] for _, headers, _ in a.mailbox.sent}) == TRIES
        a.office.clock.pass_by(days=1)
        assert a.round() == (0, 0) and a.notices()[0]["state"] == "given_up"


# --- stopping ---


def test_a_revoked_letter_stops_everything_at_once(later: Path) -> None:
    with bank(later) as a:
        name = monitor_of(a)
        a.mailbox.takes = False
        a.round()
        a.office.change("firm", "revoked")
        a.office.clock.pass_by(minutes=1)
        a.mailbox.takes = True
        before = len(a.mailbox.sent)
        assert a.notices() == [] and a.round() == (0, 1)
        assert len(a.mailbox.sent) == before
        assert a.get(f"/v1/monitors/{name}").told["state"] == "active"  # until it looks again
    paid(later, 5000)
    with bank(later) as a:
        a.round()
        assert a.get(f"/v1/monitors/{name}").told["state"] == "ended"
        assert a.mailbox.sent == [] and a.office.codes()[-1] == "letter-not-in-force"


def test_no_look_after_a_revocation(later: Path) -> None:
    with bank(later) as a:
        a.office.change("firm", "revoked")
        assert a.round() == (1, 0) and a.mailbox.sent == [] and a.notices() == []
        assert a.office.codes() == ["letter-not-in-force"] and DjangoMonitors().to_look(99, 9) == []


def test_a_paused_letter_keeps_notices_waiting(later: Path) -> None:
    with bank(later) as a:
        a.mailbox.takes = False
        a.round()
        a.office.change("firm", "paused")
        a.office.clock.pass_by(minutes=1)
        a.mailbox.takes = True
        assert a.round() == (0, 1) and len(a.mailbox.sent) == 1 and a.notices() == []
        a.office.change("firm", "resumed")
        a.office.clock.pass_by(hours=3)
        assert a.round() == (0, 1) and a.notices()[0]["state"] == "delivered"


def test_an_ended_monitor_looks_no_more(later: Path) -> None:
    with bank(later) as a:
        name = monitor_of(a)
        assert a.delete(f"/v1/monitors/{name}").told["state"] == "ended"
        assert a.delete(f"/v1/monitors/{name}").told["state"] == "ended"
        assert a.round() == (0, 0) and a.office.asked("bank-a") == []
        assert kinds(a)[-1] == "contract"


def test_an_institution_without_a_key_is_told_nothing(later: Path) -> None:
    with bank(later) as a:
        partners = a.office.desk.partners
        partners.admissions.revoke_key("bank-a/1", by="anna", at=a.office.clock(), reason="lost")
        assert a.round() == (1, 0) and a.mailbox.sent == []
        (row,) = models.Monitor.objects.all()
        assert (row.state, row.last_snapshot) == ("active", 2), "it waits for a key, or for the end of its letter"


def turned_over(a: Bank) -> None:
    """Bank-a has another key, and its first one is revoked."""
    admissions, at = a.office.desk.partners.admissions, a.office.clock()
    public = key("bank-a/2").verifying().public
    admissions.add_key("bank-a", NewKey("ed25519", public, at, at + timedelta(days=99)), by="anna", at=at)
    admissions.revoke_key("bank-a/1", by="anna", at=at, reason="turned over")


def test_a_monitor_outlives_the_key_that_set_it(later: Path) -> None:
    """The entry names the key that is in force then: an answer whose key had ended would prove nothing."""
    with bank(later) as a:
        turned_over(a)
        a.office.clock.pass_by(minutes=1)
        assert a.round() == (1, 1)
        ((address, _, body),) = a.mailbox.sent
        record = json.loads(json.loads(body)["answer"]["body"])["record"]
        assert (address, record["institution"], record["key_id"]) == (HOOK, "bank-a", "bank-a/2")
        assert a.office.codes() == [""] and a.office.check() == []


def test_the_monitors_of_an_institution_that_is_out_end(later: Path) -> None:
    with bank(later) as a:
        admissions, at = a.office.desk.partners.admissions, a.office.clock()
        known = admissions.institution("bank-a")
        admissions.change(replace(known, standing=Standing.SUSPENDED), by="anna", at=at, reason="asked")
        assert a.round() == (1, 0) and models.Monitor.objects.get().state == "active"
    paid(later, 8000)
    with bank(later) as a:
        admissions = a.office.desk.partners.admissions
        admissions.change(replace(known, standing=Standing.ENDED), by="anna", at=at, reason="asked")
        assert a.round() == (1, 0) and a.mailbox.sent == []
        (event,) = a.office.desk.register.events("monitor-ended")
        assert (models.Monitor.objects.get().state, event["why"]) == ("ended", "unknown-key")


def test_an_address_that_is_no_longer_registered_is_not_told(later: Path) -> None:
    with bank(later) as a:
        a.mailbox.takes = False
        a.round()
        partners = a.office.desk.partners
        known = partners.directory.key("bank-a/1")
        assert known is not None
        without = replace(known.institution, webhooks=())
        partners.admissions.change(without, by="anna", at=a.office.clock(), reason="another address")
        a.mailbox.takes = True
        a.office.clock.pass_by(minutes=1)
        assert a.round() == (0, 1) and len(a.mailbox.sent) == 1
        assert a.notices()[0]["state"] == "waiting"  # it can be polled for


def test_one_damaged_monitor_does_not_keep_the_others_waiting(home: Path) -> None:
    with bank(home) as a:
        damaged, sound = (a.post("/v1/monitors", a.watching()).told["id"] for _ in range(2))
        models.Monitor.objects.filter(pk=damaged).update(seen=b"x" * 40)
    paid(home, 7000)
    with bank(home) as a:
        assert a.round() == (2, 0)
        assert [one["notice"]["monitor"] for one in a.notices()] == [sound]


class Erased:
    """`RecordKeys` of a zone whose subjects are gone."""

    def record_key(self, token: str) -> bytes:
        raise NoSubject(NoSubject.meaning, todo=NoSubject.meaning)


def test_an_erased_subject_is_told_of_no_more(later: Path) -> None:
    with bank(later) as a:
        a.mailbox.takes = False
        a.round()
        assert len(a.notices()) == 1
        a.office.clock.pass_by(minutes=1)
        a.looks = replace(a.looks, monitors=replace(a.looks.monitors, keys=Erased()))
        rooms = a.looks.monitors.rooms
        caller = standing_caller("bank-a/1", rooms.directory, rooms.now())
        assert notices_after(0, caller, a.looks.monitors).notices == ()
        assert a.round() == (0, 1) and len(a.mailbox.sent) == 1
    paid(later, 5000)
    with bank(later) as a:
        name = monitor_of(a)
        a.looks = replace(a.looks, monitors=replace(a.looks.monitors, keys=Erased()))
        a.round()
        assert a.get(f"/v1/monitors/{name}").told["state"] == "ended"


# --- killed in between ---


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_look_that_was_killed_is_told_once(later: Path, moment: str) -> None:
    """Killed between the answer's entry in the log and the notice's row, or after both."""
    kept = DjangoMonitors.looked

    def killed(self: DjangoMonitors, *args: Any) -> None:
        if moment == "after":
            kept(self, *args)
        raise Killed

    with bank(later) as a, patch.object(DjangoMonitors, "looked", killed), pytest.raises(Killed):
        a.round()
    with bank(later) as a:
        a.round()
        assert len(a.mailbox.sent) == 1 and [one["number"] for one in a.notices()] == [1]
        rows = a.office.asked("bank-a")
        assert [(row.code, row.price_fen) for row in rows] == [("", 100)] and a.office.check() == []


def test_two_monitors_of_one_letter_are_two(home: Path) -> None:
    with bank(home) as a:
        for limit in (PAID_ABOVE_6000, {"item": "paid_1m", "when": "changed"}):
            a.post("/v1/monitors", a.watching(limit))
        letter = sign(a.office.letter_rooms, "firm", FIRM, cap=1).id
        a.post("/v1/monitors", a.watching(basis={"kind": "letter", "id": letter}))
    paid(home, 6500)
    with bank(home) as a:
        assert a.round() == (3, 0)
        assert [one["number"] for one in a.notices()] == [1, 2, 3]


def test_a_snapshot_of_other_definitions_is_looked_at_later(later: Path) -> None:
    def behind(*_: Any) -> None:
        raise SnapshotBehind(SnapshotBehind.meaning, todo=SnapshotBehind.meaning)

    with bank(later) as a:
        with patch.object(Products, "prepared", behind):
            assert a.round() == (0, 0) and a.office.codes() == ["snapshot-behind"]
        assert a.round() == (1, 1)


def test_the_tables_hold_neither_the_identifier_nor_a_figure(later: Path) -> None:
    with bank(later) as a:
        a.round()
        (told,) = a.notices()
        answer = json.loads(told["notice"]["answer"]["body"])
        figures = [item["value"] for item in answer["record"]["items"] if item["unit"]]
        a.post("/v1/letters", LETTER)
    stored = b"".join(file.read_bytes() for file in later.glob("records.db*"))
    for text in (FIRM.value, QUIET.value, *figures):
        assert text.encode() not in stored and text.encode("utf-16-le") not in stored


LETTER = {
    "v": 1, "about": {"kind": "uscc", "value": QUIET.value}, "wording": "firm_letter", "purpose": "lending",
    "mode": "once", "cap": 1, "window": "letter", "range_months": 1, "retention_days": 1, "life_days": 9,
}  # fmt: skip
