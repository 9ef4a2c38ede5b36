"""Tries on the disk: written before they are sent, known again after a stop, gone once the answer file is durable."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import httpx
import pytest
from msgspec import UNSET

from puhui.bank.client import Client
from puhui.bank.exchange import ANSWERS, Ask, Exchange, Refused, Unanswered
from puhui.bank.tries import earlier_answer, exchange_of, kept_tries, write_answer
from puhui.model.refusals_question import InputRefused, LetterNotInForce
from puhui.wire.answers import read_answer_file, write_answer_file
from puhui.wire.http_signatures import SignedRequest

from .answers_made import BANK, NOW, ZONE, answer_file
from .bank_made import PATIENCE, QUESTION, URL, FakeZone, Time, refuse, reply_lost, unreachable


def client(zone: FakeZone) -> Client:
    time = Time()
    return Client(
        URL, BANK, {"zone/1": ZONE.verifying()}, transport=httpx.MockTransport(zone), sleep=time.sleep,
        patience=PATIENCE, clock=lambda: float(NOW), timer=time,
    )  # fmt: skip


def asking(bank: Client, out: Path, question: Any = QUESTION) -> Exchange:
    """What `puhui-bank ask` makes of what is on the disk."""
    return exchange_of(kept_tries(out), Ask(ANSWERS, document=question), bank)


def stopped(zone: FakeZone, out: Path) -> None:
    """A run that got no reply, and was killed then."""
    with client(zone) as bank, pytest.raises(Unanswered):
        bank.carry(asking(bank, out))


def test_a_try_is_on_the_disk_before_it_is_sent(tmp_path: Path) -> None:
    out = tmp_path / "ANSWER.json"

    def look(zone: FakeZone, seen: SignedRequest) -> httpx.Response:
        signatures = [one.headers["signature-input"] for one in kept_tries(out).requests]
        assert seen.nonce in signatures[-1]
        assert len(signatures) == len(zone.asked)
        raise httpx.ConnectError("nobody there")

    zone = FakeZone([look] * 4)
    stopped(zone, out)
    assert len(zone.asked) == 4


def test_the_tries_are_for_their_owner_alone(tmp_path: Path) -> None:
    stopped(FakeZone([unreachable] * 4), tmp_path / "ANSWER.json")
    assert stat.S_IMODE((tmp_path / "ANSWER.json.tries").stat().st_mode) == 0o600


def test_after_a_stop_the_answer_is_found_again(tmp_path: Path) -> None:
    """The reply to the first try was lost and the process killed; the next run takes the answer that it got."""
    out = tmp_path / "ANSWER.json"
    zone = FakeZone([reply_lost, unreachable, unreachable, unreachable])
    stopped(zone, out)
    with client(zone) as bank:
        exchange = asking(bank, out)
        found = exchange.answered(bank.carry(exchange))
    kept = kept_tries(out)
    write_answer(kept, found.file)
    assert len(zone.given) == 1
    file = read_answer_file(out.read_bytes())
    assert file.earlier is not UNSET
    assert file.earlier.headers == kept.requests[0].headers
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ANSWER.json"]


def test_a_line_that_a_stop_cut_off_was_never_sent(tmp_path: Path) -> None:
    out = tmp_path / "ANSWER.json"
    stopped(FakeZone([unreachable] * 4), out)
    file = tmp_path / "ANSWER.json.tries"
    file.write_bytes(file.read_bytes()[:-20])
    assert len(kept_tries(out).requests) == 3
    stopped(FakeZone([unreachable] * 4), out)
    assert len(kept_tries(out).requests) == 7


@pytest.mark.parametrize("changed", [{"product": "other"}, {"about": {"kind": "uscc", "value": "8" * 18}}])
def test_another_question_is_not_mixed_with_one_that_is_open(tmp_path: Path, changed: dict[str, object]) -> None:
    stopped(FakeZone([unreachable] * 4), tmp_path / "ANSWER.json")
    with client(FakeZone()) as bank, pytest.raises(InputRefused):
        asking(bank, tmp_path / "ANSWER.json", QUESTION | changed)


@pytest.mark.parametrize("raw", [b"{}\n", b"no tries\n", b"\xff\n"])
def test_a_file_that_holds_no_tries_is_left_alone(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "ANSWER.json.tries").write_bytes(raw)
    with pytest.raises(InputRefused):
        kept_tries(tmp_path / "ANSWER.json")
    assert (tmp_path / "ANSWER.json.tries").read_bytes() == raw


@pytest.mark.parametrize(
    ("acts", "is_open"),
    [([refuse(LetterNotInForce)], False), ([unreachable, refuse(LetterNotInForce)], True)],
)
def test_a_refusal_settles_only_tries_that_were_all_replied_to(tmp_path: Path, acts: Any, is_open: bool) -> None:
    with client(FakeZone(acts)) as bank:
        exchange = asking(bank, tmp_path / "ANSWER.json")
        with pytest.raises(Refused):
            bank.carry(exchange)
    assert exchange.open is is_open


def test_an_answer_that_is_there_is_not_overwritten(tmp_path: Path) -> None:
    out = tmp_path / "ANSWER.json"
    out.write_bytes(write_answer_file(answer_file()))
    with pytest.raises(InputRefused):
        earlier_answer(kept_tries(out))


def test_an_answer_written_just_before_a_stop_is_taken(tmp_path: Path) -> None:
    out, file = tmp_path / "ANSWER.json", answer_file()
    out.write_bytes(write_answer_file(file))
    kept = kept_tries(out)
    kept.add(file.request)
    assert earlier_answer(kept_tries(out)) == file
    stopped(FakeZone([unreachable] * 4), tmp_path / "other.json")
    (tmp_path / "other.json.tries").replace(kept.file)
    with pytest.raises(InputRefused):
        earlier_answer(kept_tries(out))


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with client(FakeZone()) as bank, pytest.raises(InputRefused):
        bank.carry(asking(bank, tmp_path / "none" / "ANSWER.json"))
