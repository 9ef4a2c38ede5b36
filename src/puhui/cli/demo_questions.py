"""The demo's questions: banks are admitted, letters signed; asked, answered, refused, verified, replayed, traced.

Zone, witness and banks are processes of their own on 127.0.0.1; people act through the stories of their commands.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from puhui.bootstrap import Zone, now, open_letters
from puhui.bootstrap.questions import replay_rooms, trace_rooms, trust_file, witness_files, zone_log
from puhui.cli.demo_acts import FIRST, Grantor, People, grantor
from puhui.cli.demo_city import Delivered
from puhui.cli.demo_processes import WITNESS, ZONE, Processes, processes
from puhui.cli.output import say
from puhui.cli.verify import evidence_checkers
from puhui.desk.looks import find_recorded
from puhui.gateway.replay import Replayed, replay
from puhui.gateway.trace import Use, trace
from puhui.model.refusal import Refusal, Said
from puhui.model.refusals import Broken
from puhui.model.refusals_question import ProhibitedItem
from puhui.model.subject import Identifier
from puhui.wire.answers import read_answer, read_answer_file, write_answer_file
from puhui.wire.notes import NoteVerifier
from puhui.wire.trust import read_trust, write_trust
from puhui.wire.verify import Report, verify_answer
from puhui.witness.state import State

FIRM_PRODUCT, PERSON_PRODUCT = "tax_loan_basic", "housing_fund_admission"
HEALTH = "YYB-05"  # health records: closed for lending
Step = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of the questions."""

    answers: list[dict[str, Any]]  # as `puhui-bank ask --json` printed them
    prohibited: Refusal
    revoked: dict[str, Any]
    report: Report
    replayed: Replayed
    uses: list[Use]
    file: Path
    trust: Path
    processes: list[str]
    seconds: float


def ask_questions(delivered: Delivered, folder: Path, step: Step) -> Asked:
    """The whole way of a few questions. Whatever was started has ended when this returns or raises."""
    started = time.perf_counter()
    zone = delivered.zone
    people = People(zone, folder / "keys")
    people.keys.mkdir(mode=0o700)
    with processes(folder / "logs") as running:
        step(say("启动见证节点和专区", "Witness and zone start"))
        witness = _witness(running, folder / "witness", zone)
        serving = running.serve("zone", ZONE, "serve", zone.home, "--port", 0, "--json")
        prohibited = _partners(people, step)
        letters = _letters(zone, delivered, people.keys, step)
        served = serving.ready()
        trust = folder / "TRUST.json"
        trust.write_bytes(write_trust(trust_file(zone)))
        banks = _Banks(running, folder, f"http://{served['host']}:{served['port']}", trust)
        answers, revoked = _questions(banks, delivered, letters, step)
        step(say("公布检查点，见证联署", "Checkpoint, cosigned"))
        file = Path(answers[0]["file"])
        _cosigned(zone, file, int(answers[0]["index"]))
    step(say("离线核验，重算，查询使用记录", "Verified offline, replayed, traced"))
    trusted = read_trust(trust.read_bytes())
    report = verify_answer(file.read_bytes(), trusted, datetime.now(UTC), None, evidence_checkers())
    return Asked(
        answers, prohibited, revoked, report, _replayed(zone, file), _uses(zone, delivered.person), file, trust,
        [f"zone {banks.url}", f"witness {witness}"], round(time.perf_counter() - started, 1),
    )  # fmt: skip


def _witness(running: Processes, folder: Path, zone: Zone) -> str:
    """A witness that follows the zone's log, and that the zone asks; its URL."""
    serving = running.serve("witness", WITNESS, "serve", folder, "--port", 0, "--name", "witness.demo", "--json")
    mine = trust_file(zone).zones[-1]
    ready = serving.ready()
    State(folder).add_log(mine.origin, NoteVerifier.parse(mine.log_keys[-1].vkey))
    key = witness_files(zone).add(ready["vkey"], ready["url"])
    zone.register.event("witness-added", FIRST, now(), {"name": key.name, "url": ready["url"]})
    return str(ready["url"])


def _partners(people: People, step: Step) -> Refusal:
    """Officers, two banks, their contracts. One asks for health records too: the refusal, which names the article."""
    step(say("登记经办人，准入两家银行，签署合同", "Officers, two banks, contracts"))
    people.register_officers()
    people.admit()
    people.contract("bank-a", FIRM_PRODUCT)
    people.contract("bank-b", PERSON_PRODUCT)
    try:
        people.contract("bank-b", PERSON_PRODUCT, items=[HEALTH])
    except ProhibitedItem as refusal:
        return refusal
    raise Broken(Said("禁止事项未被拒绝", "a prohibited item was not refused"), todo=Said("报告此问题", "report this"))


@dataclass(frozen=True, slots=True)
class _Letters:
    """The letters in force, by id, and the resident who takes one of them back."""

    of_firm: str
    of_resident: str
    resident: Grantor


def _letters(zone: Zone, delivered: Delivered, keys: Path, step: Step) -> _Letters:
    step(say("企业和居民签署授权书", "A firm and a resident sign letters"))
    rooms, _ = open_letters(zone.home)
    firm = grantor(rooms, keys, "firm", delivered.firm, delivered.representative)
    resident = grantor(rooms, keys, "resident", delivered.person)
    of_firm = firm.sign("bank-a", "tax_loan_enterprise").id
    return _Letters(of_firm, resident.sign("bank-b", "housing_fund_admission_query").id, resident)


@dataclass(frozen=True, slots=True)
class _Banks:
    """The banks' processes."""

    running: Processes
    folder: Path
    url: str
    trust: Path

    def ask(self, bank: str, product: str, about: Identifier, letter: str, name: str) -> tuple[int, dict[str, Any]]:
        """Exit code and document of `puhui-bank ask`; the identifier goes by standard input."""
        out = self.folder / "answers" / name
        out.parent.mkdir(exist_ok=True)
        return self.running.bank(
            "ask", "--zone", self.url, "--key", self.folder / "keys" / f"{bank}.pem", "--trust", self.trust,
            "--product", product, "--purpose", "lending", f"--{about.kind}", "-", "--letter", letter, "--out", out,
            said=about.value,
        )  # fmt: skip


def _questions(
    banks: _Banks, delivered: Delivered, letters: _Letters, step: Step
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """A question under each letter, and one after the resident's was revoked: answers, and the refusal."""
    step(say("银行提问", "The banks ask"))
    answers = [
        _answered(banks.ask("bank-a", FIRM_PRODUCT, delivered.firm, letters.of_firm, "firm.json")),
        _answered(banks.ask("bank-b", PERSON_PRODUCT, delivered.person, letters.of_resident, "resident.json")),
    ]
    step(say("居民撤回授权，银行再问", "The resident revokes, the bank asks again"))
    letters.resident.revoke(letters.of_resident)
    code, revoked = banks.ask("bank-b", PERSON_PRODUCT, delivered.person, letters.of_resident, "refused.json")
    if not code:
        raise Broken(
            Said("撤回之后仍得到答复", "a question was answered after the letter was revoked"),
            todo=Said("报告此问题", "report this"),
        )
    return answers, revoked


def _answered(found: tuple[int, dict[str, Any]]) -> dict[str, Any]:
    code, told = found
    if code:
        message: Mapping[str, str] = told.get("message", {})
        raise Broken(
            Said(f"提问未得答复：{message.get('zh', '')}", f"a question was not answered: {message.get('en', '')}"),
            todo=Said("见 logs 文件夹", "see the folder `logs`"),
        )
    return told


def _cosigned(zone: Zone, file: Path, index: int) -> None:
    """Publish now rather than at the next round; the proof, cosigned, goes into the answer file."""
    log = zone_log(zone)
    with log.sequencer(now) as sequencer:
        log.publisher(sequencer, now, witnesses=witness_files(zone).witnesses()).publish()
    proof = log.archive.proof_text(index)
    kept = read_answer_file(file.read_bytes())
    file.write_bytes(write_answer_file(msgspec.structs.replace(kept, proof=proof)))


def _replayed(zone: Zone, file: Path) -> Replayed:
    body = read_answer(read_answer_file(file.read_bytes()).response.body.encode())
    return replay(body, replay_rooms(zone))


def _uses(zone: Zone, person: Identifier) -> list[Use]:
    """Every use of the resident's data; who looks is recorded first."""
    subject = find_recorded(zone.desk, person, "trace", by=FIRST, reason=say("演示主流程", "demonstration"))
    return list(trace(subject, trace_rooms(zone)))
