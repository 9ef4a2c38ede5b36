"""The check of the whole log finds whatever was changed, and says where."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import connections

from puhui.adapters import django_setup
from puhui.adapters.log_django import DjangoLog
from puhui.adapters.tiles_files import TileFiles
from puhui.ledger.checking import LogReport, check_log
from puhui.ledger.publish import Publisher
from puhui.ledger.reading import Archive
from puhui.ledger.records import ZoneKeys

from .ledger_made import (
    ANNA,
    NOW,
    ORIGIN,
    SIGNER,
    Keys,
    KeysInMemory,
    bank_with_contract,
    line,
    plain,
    question,
    sequencing,
)
from .test_ledger_publish import NOTARY, Witness

ENTRIES = 704  # 600 leaves, 2 questions, padding


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a log with questions, padding, tiles and a witness; to be copied, never written."""
    folder = tmp_path_factory.mktemp("log")
    django_setup.connect(django_setup.sqlite(folder / "records.db"))
    bank_with_contract()
    log, tiles = DjangoLog(), TileFiles(folder / "ledger")
    with sequencing(log) as sequencer:
        for count in (1, 299, 300):
            sequencer.append_blocking([plain(subject=ANNA) for _ in range(count)])
        sequencer.append_blocking([question(line(letter="L-1", version=2)), question(line(code="no-basis"))])
        publisher = Publisher(sequencer, log, tiles, lambda: NOW, witnesses=[Witness()])
        publisher.publish()
        sequencer.append_blocking([plain()])
        publisher.publish()
    connections["default"].close()
    return folder


class Copied:
    """A log of one's own, to be spoiled."""

    def __init__(self, made: Path, folder: Path) -> None:
        import shutil

        shutil.copytree(made, folder)
        django_setup.connect(django_setup.sqlite(folder / "records.db"))
        self.folder = folder / "ledger"
        self.log = DjangoLog()
        self.keys = Keys()

    def sql(self, statement: str, *params: object) -> None:
        with connections["default"].cursor() as cursor:
            cursor.execute(statement, params)

    def checkpoints(self) -> int:
        return len(list(self.log.every_checkpoint()))

    def check(self, *, records: bool = False) -> LogReport:
        tiles = TileFiles(self.folder)
        archive = Archive(self.log, tiles, self.keys, ZoneKeys(KeysInMemory())) if records else None
        return check_log(self.log, tiles, ORIGIN, [SIGNER.verifier], [NOTARY.verifier], archive=archive)


@pytest.fixture
def copied(made: Path, tmp_path: Path) -> Copied:
    return Copied(made, tmp_path / "log")


def codes(report: LogReport) -> set[str]:
    return {finding.code for finding in report.findings}


def test_a_sound_log_is_found_sound(copied: Copied) -> None:
    report = copied.check(records=True)
    assert report.ok and report.findings == []
    assert (report.entries, report.root) == (ENTRIES, copied.log.tree().root.hex())
    assert (report.checkpoints, report.cosignatures, report.tiles) == (copied.checkpoints(), 2, 7)
    assert (report.records_open, report.records_erased, report.kinds["answer"]) == (ENTRIES, 0, 1)
    assert report.as_dict()["ok"] is True


SPOILED: dict[str, tuple[Callable[[Copied], None], set[str]]] = {
    "a leaf": (
        lambda it: it.sql('UPDATE records_logentry SET entry = %s WHERE "index" = 650', b"x" * 32),
        {"root", "tile", "tree"},
    ),
    "a leaf of another size": (
        lambda it: it.sql('UPDATE records_logentry SET entry = %s WHERE "index" = 650', b"x"),
        {"root", "tile", "tree", "entry-size"},
    ),
    "a leaf taken away": (
        lambda it: it.sql('DELETE FROM records_logentry WHERE "index" = 650'),
        {"gap", "checkpoint-beyond", "tree", "tiles-beyond", "tile", "batch-without-checkpoint"},
    ),
    "the last leaf taken away": (
        lambda it: it.sql('DELETE FROM records_logentry WHERE "index" = 703'),
        {"checkpoint-beyond", "tree", "tiles-beyond", "tile", "batch-without-checkpoint"},
    ),
    "the state that is appended to": (
        lambda it: it.sql("UPDATE records_logtree SET size = 703, frontier = %s", b"x" * 32 * 8),
        {"tree"},
    ),
    "the state that is appended to, beyond reading": (
        lambda it: it.sql("UPDATE records_logtree SET frontier = %s", b"x"),
        {"tree"},
    ),
    "a checkpoint of another root": (
        lambda it: it.sql("UPDATE records_checkpoint SET note = (SELECT note FROM records_checkpoint WHERE size = 640)"
                          " WHERE size = 600"),
        {"checkpoint-form"},
    ),
    "a signature": (
        lambda it: it.sql("UPDATE records_checkpoint SET note = replace(note, '— puhui/360500/a1', '— puhui/360500/a2')"
                          " WHERE size = 600"),
        {"checkpoint-signature"},
    ),
    "a checkpoint's end": (
        lambda it: it.sql("UPDATE records_checkpoint SET note = note || 'x' WHERE size = 600"),
        {"checkpoint-form", "checkpoint-signature"},
    ),
    "a checkpoint taken away": (
        lambda it: it.sql("DELETE FROM records_checkpoint WHERE size = 600"),
        {"batch-without-checkpoint"},
    ),
    "a cosignature": (
        lambda it: it.sql("UPDATE records_cosignature SET line = replace(line, 'notary', 'nobody')"),
        {"cosignature"},
    ),
    "a tile": (
        lambda it: flip(it.folder / "tile/0/001"),
        {"tile"},
    ),
    "an entry bundle": (
        lambda it: flip(it.folder / "tile/entries/002.p/192"),
        {"tile"},
    ),
    "a tile taken away": (
        lambda it: (it.folder / "tile/1/000.p/2").unlink(),
        {"tile"},
    ),
    "tiles that reach too far": (
        lambda it: void((it.folder / "size").write_text("1000")),
        {"tiles-beyond", "tile"},
    ),
    "a question without its entry": (
        lambda it: it.sql("UPDATE records_asked SET entry = 5 WHERE code = ''"),
        {"question-without-entry", "answer-without-question"},
    ),
    "a refusal made an answer": (
        lambda it: it.sql("UPDATE records_asked SET code = '' WHERE code <> ''"),
        {"question-without-entry", "answer-without-question", "counter"},
    ),
    "a price": (
        lambda it: it.sql("UPDATE records_asked SET price_fen = 1 WHERE code = ''"),
        {"counter"},
    ),
    "a counter": (
        lambda it: it.sql("UPDATE records_counter SET count = count + 1"),
        {"counter"},
    ),
}  # fmt: skip


def flip(file: Path) -> None:
    raw = file.read_bytes()
    file.write_bytes(raw[:40] + bytes([raw[40] ^ 1]) + raw[41:])


def void(done: object) -> None:
    """Nothing: what an expression of a table gives away."""


@pytest.mark.parametrize("what", SPOILED)
def test_what_was_changed_is_found(copied: Copied, what: str) -> None:
    spoil, expected = SPOILED[what]
    spoil(copied)
    report = copied.check()
    assert not report.ok
    assert codes(report) <= expected and codes(report) & expected, codes(report)


def test_a_changed_record_is_found_when_records_are_opened(copied: Copied) -> None:
    copied.sql('UPDATE records_logentry SET sealed = %s WHERE "index" = 7', b"x" * 60)
    copied.sql('UPDATE records_logentry SET sealed = (SELECT sealed FROM records_logentry WHERE "index" = 8)'
               ' WHERE "index" = 9')  # fmt: skip
    assert copied.check().ok
    report = copied.check(records=True)
    assert [(one.code, one.where) for one in report.findings] == [("record", "7"), ("record", "9")]


def test_erased_records_are_counted_and_no_fault(copied: Copied) -> None:
    copied.keys.erased.add(ANNA)
    report = copied.check(records=True)
    assert report.ok and (report.records_open, report.records_erased) == (ENTRIES - 602, 602)


def test_a_log_of_another_key_is_refused(copied: Copied) -> None:
    report = check_log(copied.log, TileFiles(copied.folder), ORIGIN, [NOTARY.verifier], [NOTARY.verifier])
    assert codes(report) == {"checkpoint-signature"} and report.found == report.checkpoints == copied.checkpoints()


def test_findings_are_counted_and_the_first_are_listed(copied: Copied) -> None:
    report = LogReport()
    for number in range(150):
        report.add("tile", number)
    assert (report.found, len(report.findings)) == (150, 100)
