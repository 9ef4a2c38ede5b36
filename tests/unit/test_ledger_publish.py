"""Publishing: tiles say what the database says, witnesses are believed after a look, proofs are made again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from puhui.adapters import django_setup
from puhui.adapters.anchor_command import CommandAnchor
from puhui.adapters.log_django import DjangoLog
from puhui.adapters.tiles_files import TileFiles
from puhui.adapters.witness_http import FolderAnchor, HttpAnchor, HttpWitness, anchors_at
from puhui.ledger.layout import bring_tiles
from puhui.ledger.publish import Publisher, WitnessFault
from puhui.ledger.reading import Archive, node_reader, with_cosignatures
from puhui.ledger.records import ZoneKeys
from puhui.ledger.sequencer import Sequencer
from puhui.model.refusals import Redacted, UnknownName
from puhui.model.refusals_question import LogBroken, SubjectUnknown
from puhui.wire.keys import Ed25519Signing
from puhui.wire.notes import (
    COSIGNATURE_V1,
    AddCheckpoint,
    Checkpoint,
    Note,
    NoteSignature,
    NoteSigner,
    TlogProof,
    cosigned_at,
    holds,
)
from puhui.wire.tiles import Tile, hash_reader, parse_path, read_bundle
from puhui.wire.tlog import consistency_proof, leaf_hash, root_of, verify_consistency, verify_inclusion

from .ledger_made import ANNA, NOW, SIGNER, Keys, KeysInMemory, line, plain, question, sequencing

NOTARY = NoteSigner("notary", Ed25519Signing.of_seed("notary/1", b"n" * 32), COSIGNATURE_V1)


class Witness:
    """Cosigns what is consistent with what it saw, as the protocol asks."""

    def __init__(self) -> None:
        self.seen: Checkpoint | None = None
        self.told: list[int] = []
        self.spoil: Callable[[NoteSignature], NoteSignature] = lambda line: line

    verifier = NOTARY.verifier

    def add_checkpoint(self, request: AddCheckpoint) -> tuple[NoteSignature, ...]:
        note = Note.parse(request.checkpoint)
        head = Checkpoint.parse(note.text)
        self.told.append(request.old_size)
        old = self.seen.size if self.seen else 0
        if request.old_size != old:
            raise WitnessFault("conflict", old)
        if self.seen and not verify_consistency(old, head.size, request.proof, self.seen.root, head.root):
            raise WitnessFault("not consistent")
        assert holds(note, SIGNER.verifier)
        self.seen = head
        return (self.spoil(NOTARY.cosign(note.text, int(NOW.timestamp()))),)


@pytest.fixture
def log(tmp_path: Path) -> DjangoLog:
    django_setup.connect(django_setup.sqlite(tmp_path / "records.db"))
    return DjangoLog()


@pytest.fixture
def tiles(tmp_path: Path) -> TileFiles:
    return TileFiles(tmp_path / "ledger")


@pytest.fixture
def sequencer(log: DjangoLog) -> Iterator[Sequencer]:
    with sequencing(log) as running:
        yield running


def publisher(sequencer: Sequencer, log: DjangoLog, tiles: TileFiles, **others: object) -> Publisher:
    return Publisher(sequencer, log, tiles, lambda: NOW, **others)  # type: ignore[arg-type]


def files(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_a_round_pads_lays_out_and_shows(
    sequencer: Sequencer, log: DjangoLog, tiles: TileFiles, tmp_path: Path
) -> None:
    publish = publisher(sequencer, log, tiles).publish
    assert publish() is None and log.published() is None
    sequencer.append_blocking([plain()])
    first = publish()
    assert first is not None and (first.size, first.faults, tiles.size()) == (64, (), 64)
    assert publish() == first  # nothing came: nothing is padded and no time passes in the log
    assert log.tree().size == 64
    assert {path for path in files(tmp_path / "ledger")} == {"size", "tile/0/000.p/64", "tile/entries/000.p/64"}
    kinds = [log.entry(index).kind for index in range(64)]  # type: ignore[union-attr]
    assert kinds == ["officer", *["padding"] * 63]


def test_tiles_say_what_the_database_says_however_they_grew(
    log: DjangoLog, sequencer: Sequencer, tmp_path: Path
) -> None:
    """Grown in odd steps or at once, and read with the reader of the format, they give the tree of the leaves."""
    for count in (1, 63, 200, 400, 1):
        sequencer.append_blocking([plain() for _ in range(count)])
    grown, whole = TileFiles(tmp_path / "grown"), TileFiles(tmp_path / "whole")
    for size in (1, 64, 255, 256, 257, 600, 665):
        bring_tiles(log, grown, size)
    bring_tiles(log, whole, 665)
    assert {k: v for k, v in files(tmp_path / "grown").items() if ".p/" not in k or k in files(tmp_path / "whole")} == (
        files(tmp_path / "whole")
    )
    read = hash_reader(665, lambda tile: grown.read(tile) or b"")
    assert root_of(0, 665, read) == log.tree().root
    bundles = [read_bundle(tile, grown.read(tile) or b"") for tile in map(_bundle, range(3))]
    assert [entry for bundle in bundles for entry in bundle] == log.commitments(0, 665)
    assert not (tmp_path / "grown" / "tile/0/000.p").exists()  # overtaken partial tiles go
    assert grown.read(Tile(0, 0, 7)) == (grown.read(Tile(0, 0)) or b"")[: 7 * 32]  # and are cut out of the full one
    assert all(parse_path(path) for path in files(tmp_path / "grown") if path != "size")


def _bundle(index: int) -> Tile:
    return Tile(None, index, 256 if index < 2 else 665 - 512)


def test_tiles_that_are_lost_are_made_again(
    log: DjangoLog, sequencer: Sequencer, tiles: TileFiles, tmp_path: Path
) -> None:
    sequencer.append_blocking([plain() for _ in range(300)])
    bring_tiles(log, tiles, 300)
    before = files(tmp_path / "ledger")
    (tmp_path / "ledger" / "size").unlink()
    bring_tiles(log, tiles, 300)
    assert files(tmp_path / "ledger") == before
    (tmp_path / "ledger" / "tile/0/001.p/44").unlink()
    sequencer.append_blocking([plain()])
    with pytest.raises(LogBroken):
        bring_tiles(log, tiles, 301)


def test_a_witness_follows_and_its_line_is_kept(log: DjangoLog, sequencer: Sequencer, tiles: TileFiles) -> None:
    witness = Witness()
    publish = publisher(sequencer, log, tiles, witnesses=[witness]).publish
    sequencer.append_blocking([plain()])
    first = publish()
    sequencer.append_blocking([plain() for _ in range(70)])
    second = publish()
    assert first is not None and second is not None and (first.size, second.size) == (64, 192)
    assert (first.faults, second.faults, witness.told) == ((), (), [0, 64])
    shown = log.published(quorum=1)
    assert shown is not None and shown.size == 192
    assert cosigned_at(Note.parse(with_cosignatures(shown)), NOTARY.verifier) == int(NOW.timestamp())
    assert publish() == second and witness.told == [0, 64]  # who signed is not asked again


def test_a_witness_that_forgot_or_saw_more_is_told_apart(
    log: DjangoLog, sequencer: Sequencer, tiles: TileFiles
) -> None:
    witness = Witness()
    publish = publisher(sequencer, log, tiles, witnesses=[witness]).publish
    sequencer.append_blocking([plain()])
    publish()
    witness.seen = None  # it begins anew: it says 0, and is given what it asks for
    sequencer.append_blocking([plain()])
    second = publish()
    assert second is not None and (second.faults, witness.told) == ((), [0, 64, 0])
    witness.seen = Checkpoint("x", 10**6, b"r" * 32)
    sequencer.append_blocking([plain()])
    third = publish()
    assert third is not None and third.faults == ("notary: it saw a larger log: ours was set back",)


def test_a_cosignature_that_does_not_hold_is_not_kept(log: DjangoLog, sequencer: Sequencer, tiles: TileFiles) -> None:
    witness = Witness()
    witness.spoil = lambda line: NoteSignature(line.name, line.key_id, line.signature[:-1] + b"x")
    sequencer.append_blocking([plain()])
    done = publisher(sequencer, log, tiles, witnesses=[witness]).publish()
    assert done is not None and done.faults == ("notary: its cosignature does not hold",)
    assert log.published(quorum=1) is None and log.published() is not None


class Office:
    """A service that keeps notes, while it is open."""

    def __init__(self) -> None:
        self.open = True
        self.kept: list[bytes] = []
        self.asked: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.headers["idempotency-key"])
        if self.open:
            self.kept.append(request.content)
        return httpx.Response(201 if self.open else 500)

    def anchor(self) -> HttpAnchor:
        return HttpAnchor("https://anchor.test/", httpx.Client(transport=httpx.MockTransport(self)))


def test_checkpoints_are_anchored_elsewhere(
    log: DjangoLog, sequencer: Sequencer, tiles: TileFiles, tmp_path: Path
) -> None:
    office = Office()
    anchors = [FolderAnchor(tmp_path / "office"), office.anchor()]
    publish = publisher(sequencer, log, tiles, anchors=anchors).publish
    sequencer.append_blocking([plain()])
    first, second = publish(), publish()
    shown = log.published()
    assert first == second is not None and shown is not None and first.faults == ()
    assert (tmp_path / "office" / "checkpoint-64").read_bytes() == office.kept[0] == shown.note.encode()
    assert len(office.asked) == 1  # what is kept is not given again


def test_what_an_anchor_did_not_keep_is_given_again_in_its_order(
    log: DjangoLog, sequencer: Sequencer, tiles: TileFiles
) -> None:
    office = Office()
    publish = publisher(sequencer, log, tiles, anchors=[office.anchor()]).publish
    office.open = False
    rounds = []
    for _ in range(3):
        sequencer.append_blocking([plain()])
        rounds.append(publish())
    assert [done and done.faults for done in rounds] == [("HttpAnchor: OSError",)] * 3
    assert office.asked == ["checkpoint-64"] * 3 and log.published() is not None  # nothing waits for it
    office.open = True
    done = publish()
    assert done is not None and done.faults == ()
    assert office.asked[3:] == ["checkpoint-64", "checkpoint-128", "checkpoint-192"]
    assert [Checkpoint.parse(Note.parse(note.decode()).text).size for note in office.kept] == [64, 128, 192]


def test_the_newest_wait_for_an_anchor_that_is_gone_for_long(
    log: DjangoLog, sequencer: Sequencer, tiles: TileFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("puhui.ledger.publish.WAITING", 2)
    office = Office()
    publish = publisher(sequencer, log, tiles, anchors=[office.anchor()]).publish
    office.open = False
    for _ in range(4):
        sequencer.append_blocking([plain()])
        publish()
    office.open, office.asked = True, []
    publish()
    assert office.asked == ["checkpoint-192", "checkpoint-256"]


@pytest.mark.parametrize("reply", [httpx.Response(500), httpx.Response(302, headers={"location": "https://else/"})])
def test_an_address_that_does_not_take_the_note_is_told(reply: httpx.Response) -> None:
    anchor = HttpAnchor("https://anchor.test/", httpx.Client(transport=httpx.MockTransport(lambda request: reply)))
    with pytest.raises(OSError, match="answered"):
        anchor.anchor(64, "note")


def test_an_address_that_is_not_reached_and_a_folder_that_is_full_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectTimeout("away")

    with pytest.raises(OSError, match="ConnectTimeout"):
        HttpAnchor("https://anchor.test/", httpx.Client(transport=httpx.MockTransport(away))).anchor(64, "note")
    (tmp_path / "file").touch()
    with pytest.raises(OSError):
        FolderAnchor(tmp_path / "file").anchor(64, "note")


def chain(folder: Path, does: str) -> Path:
    """A client of a chain: a shell script."""
    file = folder / "chain"
    file.write_text(f"#!/bin/sh\n{does}\n")
    file.chmod(0o700)
    return file


def test_a_command_is_given_the_note(tmp_path: Path) -> None:
    command = chain(tmp_path, f'cat > "{tmp_path}/kept-$1"')
    (anchor,) = anchors_at(f"command:{command}")
    anchor.anchor(64, "note\n")
    assert (tmp_path / "kept-64").read_text() == "note\n"


@pytest.mark.parametrize(
    ("does", "mode", "why"),
    [("exit 3", 0o700, "ended with 3"), ("exit 0", 0o722, "others may write"), ("exit 0", 0o600, "denied"),
     ("exec sleep 9", 0o700, "too long")],
)  # fmt: skip
def test_a_command_that_does_not_keep_it_is_told(tmp_path: Path, does: str, mode: int, why: str) -> None:
    command = chain(tmp_path, does)
    command.chmod(mode)
    with pytest.raises(OSError, match=why):
        CommandAnchor(command, seconds=0.3).anchor(64, "note")
    with pytest.raises(OSError, match="no program"):
        CommandAnchor(tmp_path / "nowhere").anchor(64, "note")


def test_a_setting_names_its_kind_of_anchor() -> None:
    kinds = [type(one).__name__ for text in ("", "/a", "https://a", "command:/a") for one in anchors_at(text)]
    assert kinds == ["FolderAnchor", "HttpAnchor", "CommandAnchor"]


@pytest.mark.parametrize(
    ("reply", "why", "size"),
    [
        (httpx.Response(409, headers={"content-type": "text/x.tlog.size"}, content=b"64\n"), "it saw another size", 64),
        (httpx.Response(409, content=b"64\n"), "it saw another size", None),
        (httpx.Response(404), "it does not know the log", None),
        (httpx.Response(200, content=b"hello"), "its answer is not of the protocol", None),
        (httpx.Response(200, content=b"\xff\n"), "its answer is not of the protocol", None),
        (httpx.Response(200, content=b"x" * 70_000), "its answer is too large", None),
        (httpx.Response(302, headers={"location": "https://x.test"}), "status 302", None),
    ],
)
def test_a_witness_over_http(reply: httpx.Response, why: str, size: int | None) -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return reply

    client = httpx.Client(transport=httpx.MockTransport(answer))
    witness = HttpWitness("https://notary.test/prefix/", NOTARY.verifier, client)
    with pytest.raises(WitnessFault, match=why) as fault:
        witness.add_checkpoint(AddCheckpoint(0, (), "x"))
    assert fault.value.size == size
    assert asked == ["https://notary.test/prefix/add-checkpoint"]


def test_a_witness_that_cannot_be_reached_is_a_fault_of_its_own() -> None:
    def fail(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no route")

    witness = HttpWitness("https://x.test", NOTARY.verifier, httpx.Client(transport=httpx.MockTransport(fail)))
    with pytest.raises(WitnessFault, match="ConnectError"):
        witness.add_checkpoint(AddCheckpoint(0, (), "x"))


def test_a_receipt_is_made_again_byte_for_byte(log: DjangoLog, sequencer: Sequencer, tiles: TileFiles) -> None:
    keys = Keys()
    archive = Archive(log, tiles, keys, ZoneKeys(KeysInMemory()))
    receipts = sequencer.append_blocking([plain(text=str(n), subject=ANNA if n % 2 else "") for n in range(300)])
    assert [archive.made_again(receipt.index) for receipt in receipts[::37]] == receipts[::37]
    bring_tiles(log, tiles, 290)
    receipts += sequencer.append_blocking([plain(text="late")])
    assert [archive.made_again(receipt.index) for receipt in receipts[::37]] == receipts[::37]
    assert archive.receipt(300) == receipts[300]
    with pytest.raises(UnknownName):
        archive.made_again(301)


def test_an_erased_subjects_records_are_gone_and_its_proofs_stay(
    log: DjangoLog, sequencer: Sequencer, tiles: TileFiles
) -> None:
    keys = Keys()
    archive = Archive(log, tiles, keys, ZoneKeys(KeysInMemory()))
    (receipt,) = sequencer.append_blocking([plain(subject=ANNA)])
    keys.erased.add(ANNA)
    with pytest.raises(Redacted):
        archive.made_again(receipt.index)
    with pytest.raises(SubjectUnknown):
        archive.receipt(receipt.index)
    proof = TlogProof.parse(archive.proof_text(receipt.index))
    head = Checkpoint.parse(Note.parse(proof.checkpoint).text)
    assert verify_inclusion(leaf_hash(log.commitments(0, 1)[0]), proof.index, head.size, proof.proof, head.root)


def test_a_proof_is_by_the_newest_checkpoint_that_is_shown(
    log: DjangoLog, sequencer: Sequencer, tiles: TileFiles
) -> None:
    archive = Archive(log, tiles, Keys(), ZoneKeys(KeysInMemory()))
    sequencer.append_blocking([plain()])
    publisher(sequencer, log, tiles, witnesses=[Witness()]).publish()
    sequencer.append_blocking([plain()])
    shown, own = (TlogProof.parse(archive.proof_text(index)).checkpoint for index in (0, 64))
    assert Checkpoint.parse(Note.parse(shown).text).size == 64 and len(Note.parse(shown).signatures) == 2
    assert Checkpoint.parse(Note.parse(own).text).size == 65


def test_nodes_come_from_tiles_and_from_the_newest_leaves(
    log: DjangoLog, sequencer: Sequencer, tiles: TileFiles
) -> None:
    sequencer.append_blocking([plain() for _ in range(700)])
    bring_tiles(log, tiles, 300)
    from_both, from_rows = node_reader(log, tiles, 700), node_reader(log, TileFiles(tiles._folder / "none"), 700)
    assert root_of(0, 700, from_both) == log.tree().root == root_of(0, 700, from_rows)
    assert consistency_proof(300, 700, from_both) == consistency_proof(300, 700, from_rows)


def test_a_question_does_not_stay_in_the_queue_for_ever(log: DjangoLog) -> None:
    from puhui.model.refusals_question import LogUnavailable

    with sequencing(log) as sequencer:
        pass
    with pytest.raises(LogUnavailable):
        sequencer.append_blocking([question(line(key_id="", contract=""))])
