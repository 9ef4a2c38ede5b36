"""A log that the benchmark loaded in bulk passes the whole check, and goes on as any other."""

from __future__ import annotations

import shutil
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from puhui.adapters import django_setup
from puhui.adapters.keys_file import FileKeys
from puhui.adapters.log_opened import ZoneLog, open_log
from puhui.ledger.sequencer import Sequencer
from puhui.wire.tiles import Tile

sys.path.append(str(Path(__file__).parents[2]))  # the benchmarks are beside the sources, in no package
from bench.answers_entries import refuse_if_full
from bench.log_load import Model, kind_at, load

from ..unit.ledger_made import ANNA, NOW, ORIGIN, Keys, bank_with_contract, line, question

ENTRIES = 70_000  # above what one transaction and one run of tiles hold


def answered(log: ZoneLog, number: int) -> Model:
    """One question, answered and logged, as the log holds it."""
    spent = {name: sha256(b"%d %s" % (number, name.encode())).hexdigest() for name in ("nonce", "idempotency_key")}
    asked = line(answer_id="A-" + "a" * 26, **spent)
    with Sequencer(log.store, log.tools, lambda: NOW) as sequencer:
        receipt = sequencer.append_blocking([question(asked)])[0]
    entry = log.store.entry(receipt.index)
    assert entry is not None
    return Model(entry, log.store.asked_at([receipt.index])[receipt.index])


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> ZoneLog:
    folder = tmp_path_factory.mktemp("loaded")
    django_setup.connect(django_setup.sqlite(folder / "records.db"))
    bank_with_contract()
    made = open_log(folder / "ledger", ORIGIN, FileKeys(folder / "keys"), Keys())
    load(made, ENTRIES, answered(made, 1), NOW)
    return made


def test_it_passes_the_check_and_so_does_what_is_appended(log: ZoneLog) -> None:
    loaded = log.check()
    assert loaded.ok, loaded.findings
    assert loaded.entries == log.store.tree().size == log.tiles.size() == ENTRIES
    refusals = sum(kind_at(index) == "refusal" for index in range(1, ENTRIES))
    assert loaded.kinds["refusal"] == refusals and loaded.kinds["answer"] > 10 * refusals
    after = answered(log, 2)
    assert after.entry.index == ENTRIES
    again = log.check()
    assert again.ok and again.entries == ENTRIES + 1


def test_sealed_records_have_the_sizes_that_are_said(log: ZoneLog) -> None:
    entries = [log.store.entry(index) for index in range(100, 200)]
    sizes = sorted((len(row.sealed) for row in entries if row), reverse=True)
    model = log.store.entry(0)
    assert model and sizes[0] == len(model.sealed) and sizes[1] < sizes[0]
    assert log.tiles.read(Tile(None, 0)) is not None


def test_nothing_is_spent_again_and_a_subject_has_its_entries(log: ZoneLog) -> None:
    rows = log.store.asked_at(range(1_000, 2_000))
    assert len({row.idempotency_key for row in rows.values() if not row.code}) == sum(
        not row.code for row in rows.values()
    )
    one = rows[1_000]
    assert one.subject != ANNA and one.at < NOW
    assert {row.index for row in log.store.entries_of(one.subject)} >= {1_000, 1_001}


def test_a_disk_without_room_is_refused_with_words(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PUHUI_BENCH_CACHE", str(tmp_path))
    free = shutil.disk_usage(tmp_path).free
    with pytest.raises(SystemExit, match="GiB"):
        refuse_if_full(free)
