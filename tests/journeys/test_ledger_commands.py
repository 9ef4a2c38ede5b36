"""The log by the command line: checked, proved and billed; a changed row is found and named."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from puhui.bootstrap import open_zone
from puhui.bootstrap.questions import zone_log
from puhui.wire.notes import Checkpoint, Note, TlogProof
from puhui.wire.tlog import leaf_hash, verify_inclusion

from ..unit.ledger_made import NOW, line, plain, question
from .town import Refused, Town


def some_questions(town: Town) -> None:
    """Two answers and a refusal of bank-a, and what the zone's officers did before."""
    log = zone_log(open_zone(town.home))
    asked = [replace(line(), key_id="", contract="", subject="", snapshot=0) for _ in range(3)]
    with log.sequencer(lambda: NOW) as sequencer:
        sequencer.append_blocking([*map(question, asked[:2]), question(replace(asked[2], code="no-basis"))])
        log.publisher(sequencer, lambda: NOW).publish()


def printed(*arguments: object) -> str:
    from puhui.cli.main import app

    done = CliRunner().invoke(app, [*map(str, arguments)])
    assert done.exit_code == 0, done.stderr
    return done.stdout


def test_a_zone_checks_proves_and_bills(town: Town) -> None:
    assert town.run("ledger", "check", town.home)["ok"] is True
    some_questions(town)
    report = town.run("ledger", "check", town.home, "--records")
    assert (report["ok"], report["entries"], report["records_open"], report["kinds"]["answer"]) == (True, 64, 64, 2)
    proof = TlogProof.parse(printed("ledger", "proof", town.home, 5))
    head = Checkpoint.parse(Note.parse(proof.checkpoint).text)
    (leaf,) = zone_log(open_zone(town.home)).store.commitments(5, 6)
    assert verify_inclusion(leaf_hash(leaf), 5, head.size, proof.proof, head.root)
    statement = town.run("statement", town.home, "--institution", "bank-a", "--month", "2026-11")
    assert (statement["questions"], statement["answered"], statement["fen"]) == (3, 2, 0)
    lines = printed("statement", town.home, "--institution", "bank-a", "--month", "2026-11", "--csv").splitlines()
    assert len(lines) == 4 and lines[0].startswith("entry,at,id,")
    assert "对账" in printed("statement", "--help")


def test_what_was_done_before_the_log_is_in_it(town: Town) -> None:
    events = open_zone(town.home).register.events()
    some_questions(town)
    kinds = town.run("ledger", "check", town.home)["kinds"]
    assert events and kinds["packs"] == sum(event["kind"].startswith("packs") for event in events)
    assert sum(kinds.values()) == 64 and town.run("ledger", "check", town.home)["events_waiting"] == 0


def test_a_changed_row_is_found(town: Town) -> None:
    some_questions(town)
    with closing(sqlite3.connect(town.home / "records.db")) as database, database:
        database.execute("UPDATE records_asked SET price_fen = 5, code = 'x' WHERE code = ''")
        database.execute('UPDATE records_logentry SET entry = zeroblob(32) WHERE "index" = 60')
    with pytest.raises(Refused) as refused:
        town.run("ledger", "check", town.home)
    assert refused.value.exit_code == 6
    assert {one["code"] for one in refused.value.answer["findings"]} == {
        "root",
        "tree",
        "tile",
        "question-without-entry",
        "answer-without-question",
    }


@pytest.mark.parametrize(
    "arguments",
    [
        ("ledger", "proof", "HOME", 99),
        ("ledger", "check", "HOME", "--witness", "nonsense"),
        ("statement", "HOME", "--institution", "bank-a", "--month", "2026-13"),
    ],
)
def test_what_is_not_there_is_refused(town: Town, arguments: tuple[object, ...]) -> None:
    with pytest.raises(Refused) as refused:
        town.run(*(town.home if one == "HOME" else one for one in arguments))
    assert refused.value.code == "unknown-name"


def test_an_empty_entry_is_nobodys(town: Town) -> None:
    log = zone_log(open_zone(town.home))
    with log.sequencer(lambda: NOW) as sequencer:
        (receipt,) = sequencer.append_blocking([plain()])
    assert log.archive.made_again(receipt.index) == receipt
