"""Changing any single byte of what a zone gave (answer, later proof, checkpoint, letter) makes the verification fail.

`test_wire_verify.py` says the same of files made for it; here everything is what a zone of packs, contracts and letters
really gave away. `make test` changes some hundreds of bytes, `make crash` two thousand of each.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from puhui.bootstrap import open_zone
from puhui.bootstrap.questions import trust_file
from puhui.desk.letter_states import letter_file
from puhui.wire.trust import Trust, read_trust, write_trust
from puhui.wire.verify import Report, verify_answer

from ..questions.asking import Asker, answer_file, ask
from ..questions.town import FIRM
from ..questions.town import office as opened

pytestmark = pytest.mark.crash
EXAMPLES = 2_000 if int(os.environ.get("PUHUI_KILLS", "20")) >= 200 else 300
WHERE = st.floats(0, 1, exclude_max=True)
BYTES = st.integers(0, 255)
SETTINGS = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@dataclass(frozen=True)
class Given:
    """What a bank holds at the end of the day: three files, the letter, the trust file."""

    files: dict[str, bytes]
    letter: bytes
    trust: Trust
    now: datetime

    def report(self, file: bytes, letter: bytes | None = None) -> Report:
        return verify_answer(file, self.trust, self.now, letter)


@pytest.fixture(scope="module")
def given_away(town_with_banks: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Given]:
    folder = tmp_path_factory.mktemp("given") / "town"
    shutil.copytree(town_with_banks, folder, symlinks=True)
    with opened(folder / "home") as office:
        asker = Asker(office)
        alone = asker.question(FIRM)
        again = [asker.post(asker.said(FIRM), idempotency="asked-twice-over-1") for _ in range(2)]
        (reply,), (first,), (second,) = ask(office, alone), ask(office, again[0]), ask(office, again[1])
        assert first.body == second.body
        office.questions.publisher.publish()
        proof = office.questions.log.archive.proof_text(reply.told["receipt"]["index"])
        letter = letter_file(office.letter_rooms, office.letters["firm"], by="anna", reason="asked by the court")
        earlier = json.loads(answer_file(again[0], first))["request"]
        files = {
            "alone": answer_file(alone, reply),
            "with proof and letter": answer_file(alone, reply, proof=proof, letter=letter.decode()),
            "given again": answer_file(again[1], second, earlier=earlier),
        }
        trust = read_trust(write_trust(trust_file(open_zone(office.home))))
        yield Given(files, letter, trust, office.clock.now + timedelta(seconds=1))


def other(raw: bytes, where: float, value: int) -> tuple[bytes, bool]:
    """The bytes with one replaced, and whether they are the same all the same."""
    at = int(where * len(raw))
    return raw[:at] + bytes([value]) + raw[at + 1 :], raw[at] == value


def test_what_was_given_is_valid(given_away: Given) -> None:
    for name, file in given_away.files.items():
        report = given_away.report(file, given_away.letter)
        assert report.valid, (name, [(check.name, check.said.en) for check in report.checks])
        held = {check.name for check in report.checks if check.outcome == "holds"}
        assert {"answer-signature", "letter-digest", "letter-evidence", "inclusion", "checkpoint"} <= held


@SETTINGS
@given(name=st.sampled_from(["alone", "with proof and letter", "given again"]), where=WHERE, value=BYTES)
def test_no_byte_of_an_answer_can_be_changed(given_away: Given, name: str, where: float, value: int) -> None:
    changed, same = other(given_away.files[name], where, value)
    assert given_away.report(changed).valid == same


@SETTINGS
@given(where=WHERE, value=BYTES)
def test_no_byte_of_its_letter_can_be_changed(given_away: Given, where: float, value: int) -> None:
    changed, same = other(given_away.letter, where, value)
    assert given_away.report(given_away.files["alone"], changed).valid == same


@SETTINGS
@given(part=st.sampled_from(["proof", "letter", "checkpoint"]), where=WHERE, value=st.characters(codec="utf-8"))
def test_no_character_inside_its_parts_can_be_changed(given_away: Given, part: str, where: float, value: str) -> None:
    """The file stays canonical; what is inside of it is another text."""
    file = json.loads(given_away.files["with proof and letter"])
    body = json.loads(file["response"]["body"])
    text: str = body["receipt"]["checkpoint"] if part == "checkpoint" else file[part]
    at = int(where * len(text))
    changed = text[:at] + value + text[at + 1 :]
    if part == "checkpoint":
        body["receipt"]["checkpoint"] = changed
        file["response"]["body"] = json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    else:
        file[part] = changed
    raw = json.dumps(file, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    assert (raw == given_away.files["with proof and letter"]) == (changed == text)
    assert given_away.report(raw).valid == (changed == text)
