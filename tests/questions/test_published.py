"""What stands outside of the log: its checkpoint once enough witnesses signed, the proof of an answer, the anchor."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec import structs

from puhui.bootstrap import open_zone
from puhui.bootstrap.questions import trust_file, witness_files
from puhui.ledger.publish import Publisher
from puhui.model.refusals import HomeRefused
from puhui.wire.answers import read_answer_file, write_answer_file
from puhui.wire.notes import COSIGNATURE_V1, AddCheckpoint, Note, NoteSignature, NoteSigner, NoteVerifier, TlogProof
from puhui.wire.verify import verify_answer

from .asking import Asker, Request, answer_file, ask
from .town import FIRM, Office, key, office


class Cosigner:
    """A witness that signs whatever comes: what it refuses has tests of its own."""

    signer = NoteSigner("witness.example/w", key("witness"), COSIGNATURE_V1)

    def __init__(self, at: int = 0) -> None:
        self.at = at

    @property
    def verifier(self) -> NoteVerifier:
        return self.signer.verifier

    def add_checkpoint(self, request: AddCheckpoint) -> tuple[NoteSignature, ...]:
        return (self.signer.cosign(Note.parse(request.checkpoint).text, self.at),)


def said(town: Path, tmp_path: Path, line: str) -> Path:
    """A copy of the town whose zone.toml has one more line; its home."""
    home = shutil.copytree(town, tmp_path / "town", symlinks=True) / "home"
    with (home / "zone.toml").open("a", encoding="utf-8") as settings:
        settings.write(line + "\n")
    return home


@pytest.fixture
def strict(town_with_banks: Path, tmp_path: Path) -> Iterator[Office]:
    """A zone that asks for one witness, and knows one."""
    home = said(town_with_banks, tmp_path, "quorum = 1")
    witness_files(open_zone(home)).add(Cosigner().verifier.vkey, "http://127.0.0.1:9")
    with office(home) as opened:
        yield opened


def checkpoint(zone: Office) -> tuple[int, bytes]:
    (reply,) = ask(zone, Request("GET", "/checkpoint", "", ()))
    return reply.status, reply.body


def test_a_checkpoint_counts_once_enough_witnesses_signed(strict: Office) -> None:
    ask(strict, Asker(strict).question(FIRM))
    strict.questions.publisher.publish()
    assert checkpoint(strict)[0] == 404
    publish_cosigned(strict)
    status, note = checkpoint(strict)
    assert status == 200
    assert [one.name for one in Note.parse(note.decode()).signatures][1:] == ["witness.example/w"]


def publish_cosigned(zone: Office) -> None:
    """A round of publishing with the witness at hand."""
    own = zone.questions
    Publisher(
        own.rooms.log, own.log.store, own.log.tiles, zone.clock, witnesses=[Cosigner(zone.clock.seconds)]
    ).publish()


def test_the_proof_that_is_fetched_makes_an_answer_count(strict: Office) -> None:
    asker = Asker(strict)
    request = asker.question(FIRM)
    (reply,) = ask(strict, request)
    publish_cosigned(strict)
    trust = trust_file(open_zone(strict.home))
    file = read_answer_file(answer_file(request, reply))
    alone = verify_answer(write_answer_file(file), trust, strict.clock.now)
    assert [one.name for one in alone.checks if one.outcome == "fails"] == ["cosignatures"]
    (fetched,) = ask(strict, asker.get(f"/v1/answers/{reply.told['id']}/proof"))
    proved = structs.replace(file, proof=fetched.told["proof"])
    assert verify_answer(write_answer_file(proved), trust, strict.clock.now).valid
    assert TlogProof.parse(fetched.told["proof"]).index == reply.told["receipt"]["index"]


def test_nobody_else_fetches_it(strict: Office) -> None:
    (reply,) = ask(strict, Asker(strict).question(FIRM))
    for path in (f"/v1/answers/{reply.told['id']}/proof", f"/v1/answers/{reply.told['id']}/more"):
        (other,) = ask(strict, Asker(strict, "bank-b").get(path))
        assert (other.status, other.code, len(other.body)) == (403, "not-available", 1024)


def test_published_checkpoints_are_anchored(town_with_banks: Path, tmp_path: Path) -> None:
    anchor = tmp_path / "another-office"
    with office(said(town_with_banks, tmp_path, f"anchor = {json.dumps(str(anchor))}")) as zone:
        ask(zone, Asker(zone).question(FIRM))
        done = zone.questions.publisher.publish()
        assert done is not None and done.faults == ()
        assert (anchor / f"checkpoint-{done.size}").read_bytes() == checkpoint(zone)[1]


def test_an_anchor_is_a_folder_or_an_address(town_with_banks: Path, tmp_path: Path) -> None:
    with pytest.raises(HomeRefused, match="anchor"):
        open_zone(said(town_with_banks, tmp_path, 'anchor = "here"'))


def test_a_witness_is_asked_whose_key_cosigns(town_with_banks: Path, tmp_path: Path) -> None:
    files = witness_files(open_zone(said(town_with_banks, tmp_path, "quorum = 0")))
    of_a_log = NoteSigner("log.example", key("log")).verifier.vkey
    for vkey, url in ((of_a_log, "http://w"), ("w", "http://w"), (Cosigner().verifier.vkey, "ftp://w")):
        with pytest.raises(HomeRefused):
            files.add(vkey, url)
    assert files.listed() == []
