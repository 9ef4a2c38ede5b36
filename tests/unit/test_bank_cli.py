"""`puhui-bank`: what it prints, writes and ends with, before a zone that is none."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner, Result

from puhui.bank import cli
from puhui.bank.client import Client
from puhui.model.refusals_question import LetterNotInForce, QuotaSpent, UnknownKey
from puhui.wire.answers import read_answer_file
from puhui.wire.keys import write_private
from puhui.wire.trust import write_trust

from ..answered import trust_of, trusted, zone_of
from .answers_made import BANK, NOW, ZONE
from .bank_made import FakeZone, Time, page, refuse, reply_lost, say, signed_by_a_stranger, unreachable

USCC = "91360500DEMP00017Y"


class Bank:
    """The command line before a zone that does `acts`."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.zone, time = folder, FakeZone(), Time()
        write_private(BANK, folder / "bank-a.pem")
        (folder / "TRUST.json").write_bytes(write_trust(trust_of(zones=(zone_of(answer_keys=(trusted(ZONE),)),))))
        transport = httpx.MockTransport(lambda request: self.zone(request))
        made = partial(Client, transport=transport, sleep=time.sleep, clock=lambda: float(NOW), timer=time)
        monkeypatch.setattr(cli, "Client", made)
        monkeypatch.setenv("PUHUI_LANG", "en")
        monkeypatch.setenv("COLUMNS", "160")

    @property
    def out(self) -> Path:
        return self.folder / "ANSWER.json"

    def run(self, *arguments: Any, said: str = "", trust: bool = True) -> Result:
        place = ["--zone", "https://zone.example", "--key", self.folder / "bank-a.pem"]
        place += ["--trust", self.folder / "TRUST.json"] if trust else []
        return CliRunner().invoke(cli.app, list(map(str, [*arguments, *place])), input=said)

    def ask(self, *more: Any, trust: bool = True, about: Any = ("--uscc", USCC), said: str = "") -> Result:
        asked = ("ask", "--product", "tax_loan_basic", "--purpose", "lending", *about, "--out", self.out)
        return self.run(*asked, *more, trust=trust, said=said)


@pytest.fixture
def bank(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bank:
    return Bank(tmp_path, monkeypatch)


def document(result: Result) -> Any:
    return json.loads(result.stdout)


def test_an_answer_is_written_and_shown(bank: Bank) -> None:
    result = bank.ask("--letter", "L-1")
    assert result.exit_code == 0, result.output
    assert "120000.00" in result.stdout
    assert "absent" in result.stdout
    assert "NOT checked" not in result.stdout
    assert json.loads(read_answer_file(bank.out.read_bytes()).request.body)["basis"] == {"id": "L-1", "kind": "letter"}
    assert sorted(path.name for path in bank.folder.iterdir()) == ["ANSWER.json", "TRUST.json", "bank-a.pem"]


def test_without_a_trust_file_it_says_that_nothing_was_checked(bank: Bank) -> None:
    bank.zone.acts = [signed_by_a_stranger]
    result = bank.ask(trust=False)
    assert result.exit_code == 0
    assert "NOT checked" in result.stdout
    assert document(bank.ask("--json", "--out", bank.folder / "2.json", trust=False))["signature"] == "not-checked"


@pytest.mark.parametrize("given", ["91360500demp00017y", " 91360500-DEMP-00017Y ", "９１３６０５００DEMP00017Y"])
def test_identifiers_come_by_standard_input_in_any_spelling(bank: Bank, given: str) -> None:
    assert bank.ask(about=("--uscc", "-"), said=f"{given}\n").exit_code == 0
    assert json.loads(bank.zone.bodies[0])["about"] == {"kind": "uscc", "value": USCC}


@pytest.mark.parametrize(
    ("acts", "trust", "code", "refused"),
    [
        ([refuse(LetterNotInForce)], True, 9, "letter-not-in-force"),
        ([refuse(QuotaSpent, 3600)], True, 12, "quota-spent"),
        ([refuse(UnknownKey, key=None)], True, 9, "unknown-key"),
        ([signed_by_a_stranger], True, 10, "not-verified"),
        ([page(200)], False, 10, "not-verified"),
        ([unreachable] * 20, True, 11, "unanswered"),
    ],
)
def test_exit_codes(bank: Bank, acts: Any, trust: bool, code: int, refused: str) -> None:
    bank.zone.acts = acts
    result = bank.ask("--json", trust=trust)
    assert (result.exit_code, document(result)["refused"]) == (code, refused)
    assert not bank.out.exists()


def test_a_refusal_says_whose_fault_it_is_and_what_to_do(bank: Bank) -> None:
    bank.zone.acts = [refuse(QuotaSpent, 3600)]
    result = bank.ask()
    for part in ("quota-spent", "Whose fault: the caller", "What to do: mend it", "Ask again in 3600 s"):
        assert part in result.stderr
    assert USCC not in result.output


def test_after_silence_the_same_command_takes_the_same_answer(bank: Bank) -> None:
    bank.zone.acts = [reply_lost] + [unreachable] * 30
    first = bank.ask("--json")
    assert first.exit_code == 11
    bank.zone.acts = []
    assert bank.ask().exit_code == 0
    assert list(bank.zone.given) == [document(first)["idempotency_key"]]
    assert not bank.out.with_name("ANSWER.json.tries").exists()


def test_tries_go_with_a_refusal_that_settles_them(bank: Bank) -> None:
    bank.zone.acts = [refuse(LetterNotInForce), unreachable, refuse(LetterNotInForce)]
    tries = bank.out.with_name("ANSWER.json.tries")
    assert bank.ask().exit_code == 9
    assert not tries.exists()
    assert bank.ask().exit_code == 9  # a try before it may have been answered
    assert tries.exists()


def test_an_answer_is_not_overwritten(bank: Bank) -> None:
    bank.ask()
    before = bank.out.read_bytes()
    assert bank.ask().exit_code == 2
    assert bank.out.read_bytes() == before
    assert len(bank.zone.asked) == 1


@pytest.mark.parametrize(
    "more",
    [
        ("--uscc", ""),
        ("--ric", "360500199001010000"),
        ("--zone", "zone.example"),
        ("--zone", "https://zone.example/path"),
        ("--zone", "https://me@zone.example"),
        ("--letter", "L-1", "--basis", "order", "O-1"),
        ("--basis", "wish", "W-1"),
        ("--key", "missing.pem"),
        ("--key-id", "nobody"),
        ("--trust", "missing.json"),
    ],
)
def test_what_cannot_be_asked_is_said_before_anything_is_sent(bank: Bank, more: tuple[str, ...]) -> None:
    asked = ["ask", "--product", "p", "--purpose", "lending", "--out", bank.out, "--uscc", USCC, "--key"]
    asked += [bank.folder / "bank-a.pem", "--zone", "https://zone.example", *more]
    result = CliRunner().invoke(cli.app, list(map(str, asked)))
    assert result.exit_code == 2, result.output
    assert bank.zone.asked == []


def test_lists_are_printed(bank: Bank) -> None:
    product = {
        "product": "tax_loan_basic", "purpose": "lending", "channel": "own_pull",
        "items": [{"name": "tax_paid_12m", "title": {"zh": "税", "en": "Tax paid"}, "form": "value", "unit": "CNY"}],
    }  # fmt: skip
    bank.zone.acts = [
        say({"v": 1, "products": [product]}),
        say({"v": 1, "mandates": [{"contract": "C-1", "product": "p", "purposes": ["lending"], "quotas": {"day": 5}}]}),
        say({"v": 1, "month": "2026-11", "questions": [{"index": 7, "refused": "no-contract"}]}),
        say({"v": 1, "id": "L-1", "state": "ACTIVE"}),
    ]
    commands = (("products",), ("mandates",), ("trace", "--month", "2026-11"), ("letter", "state", "L-1"))
    for command, words in zip(commands, (("Tax paid",), ("C-1", "day=5"), ("no-contract",), ("ACTIVE",)), strict=True):
        result = bank.run(*command)
        assert result.exit_code == 0, result.output
        assert all(word in result.stdout for word in words)


def test_a_proof_is_fetched_into_its_file(bank: Bank) -> None:
    bank.ask()
    kept = read_answer_file(bank.out.read_bytes())
    bank.zone.asked.clear()
    bank.zone.acts = [say({"v": 1, "proof": "c2sp.org/tlog-proof@v1\n"})]
    result = bank.run("proof", bank.out)
    assert result.exit_code == 0, result.output
    proved = read_answer_file(bank.out.read_bytes())
    assert (proved.proof, proved.response, proved.request) == (
        "c2sp.org/tlog-proof@v1\n",
        kept.response,
        kept.request,
    )


def test_no_proof_leaves_the_file_as_it_was(bank: Bank) -> None:
    bank.ask()
    kept = bank.out.read_bytes()
    bank.zone.asked.clear()
    bank.zone.acts = [refuse(UnknownKey)]
    assert bank.run("proof", bank.out).exit_code == 9
    assert bank.out.read_bytes() == kept


def test_a_letter_is_proposed(bank: Bank) -> None:
    bank.zone.acts = [say({"v": 1, "id": "L-1", "state": "PROPOSED", "code": "ABCD-EFGH"})]
    wanted = ("--wording", "tax_loan_enterprise", "--purpose", "lending", "--uscc", "-", "--cap", "4")
    result = bank.run("letter", "propose", *wanted, said=f"{USCC}\n")
    assert "ABCD-EFGH" in result.stdout
    assert json.loads(bank.zone.bodies[0])["cap"] == 4


def test_a_key_is_made_with_its_public_half(tmp_path: Path) -> None:
    wanted = ["key", "new", "--institution", "bank-c", "--out", str(tmp_path / "c.pem"), "--json"]
    assert document(CliRunner().invoke(cli.app, wanted))["key"] == "bank-c/1"
    assert CliRunner().invoke(cli.app, wanted).exit_code == 2
    assert {path.name for path in tmp_path.iterdir()} == {"c.pem", "c.pub"}
