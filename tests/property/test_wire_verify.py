"""Changing any single byte of an answer file, or of its letter, makes the offline verification fail."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from puhui.model.refusals_question import KeyRefused
from puhui.wire.notes import Note, cosigned_at, holds
from puhui.wire.tlog import Frontier
from puhui.wire.trust import read_trust, write_trust
from puhui.wire.verify import verify_answer

from ..answered import AT, LOG_SIGNER, SECONDS, WITNESSES, Answered, letter_document, letter_file, trust_of

LETTER = letter_file(letter_document())
FILES = [
    Answered().file(),
    Answered(with_letter=LETTER, cosigned_by=WITNESSES).file(),
    Answered(positions=3, later=40).file(),
    Answered(with_letter=LETTER, later=9, again=SECONDS + 5).file(),
]
TRUST = trust_of(quorum=0)
BYTES = st.integers(0, 255)
FRONTIER = Frontier(1, (b"r" * 32,))


def changed(raw: bytes, place: int, value: int) -> bytes:
    return raw[:place] + bytes([value]) + raw[place + 1 :]


@pytest.mark.parametrize("file", FILES, ids=["bare", "letter", "batch", "later"])
def test_the_files_are_valid_as_they_are(file: bytes) -> None:
    report = verify_answer(file, TRUST, AT)
    assert report.valid, [check for check in report.checks if check.outcome == "fails"]


@settings(max_examples=2_000, deadline=None)
@given(st.sampled_from(FILES), st.floats(0, 1, exclude_max=True), BYTES)
def test_no_byte_of_an_answer_can_be_changed(file: bytes, place: float, value: int) -> None:
    at = int(place * len(file))
    report = verify_answer(changed(file, at, value), TRUST, AT)
    assert report.valid == (file[at] == value)


@settings(max_examples=500, deadline=None)
@given(st.sampled_from([LETTER]), st.floats(0, 1, exclude_max=True), BYTES)
def test_no_byte_of_a_letter_can_be_changed(letter: bytes, place: float, value: int) -> None:
    at = int(place * len(letter))
    report = verify_answer(FILES[0], TRUST, AT, changed(letter, at, value))
    assert report.valid == (letter[at] == value)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(FILES), st.floats(0, 1), st.sampled_from([b"", b" ", b"\n", b"0", b'"', b","]), st.booleans())
def test_no_byte_can_be_put_in_or_left_out(file: bytes, place: float, more: bytes, cut: bool) -> None:
    at = int(place * len(file))
    other = file[:at] + more + file[at + (1 if cut else 0) :]
    assert verify_answer(other, TRUST, AT).valid == (other == file)


@settings(max_examples=500, deadline=None)
@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_anything_at_all_is_told_as_not_valid(raw: bytes) -> None:
    report = verify_answer(raw, TRUST, AT, raw)
    assert not report.valid
    assert len(report.checks) == 14  # each by its name, reached or not


@settings(max_examples=500, deadline=None)
@given(st.floats(0, 1, exclude_max=True), st.characters(codec="utf-8"))
def test_no_letter_of_a_checkpoint_can_be_changed(place: float, other: str) -> None:
    """Either it is no note any more, or a signature that names a known key does not hold or is gone."""
    whole = Answered().cosigned(FRONTIER, WITNESSES)
    at = int(place * len(whole))
    text = whole[:at] + other + whole[at + 1 :]
    keys = [witness.verifier for witness in WITNESSES]
    try:
        note = Note.parse(text)
    except ValueError:
        assert text != whole
        return
    all_hold = holds(note, LOG_SIGNER.verifier) and all(cosigned_at(note, key) for key in keys)
    assert all_hold == (text == whole)


@settings(max_examples=500, deadline=None)
@given(st.floats(0, 1, exclude_max=True), BYTES)
def test_a_changed_trust_file_never_reads_as_the_same(place: float, value: int) -> None:
    raw = write_trust(TRUST)
    at = int(place * len(raw))
    other = changed(raw, at, value)
    try:
        read = read_trust(other)
    except KeyRefused:
        assert other != raw
        return
    assert (read == TRUST) == (other == raw)
