"""Lines of a delivered file by their numbers, whatever the blocks that it is read in."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from puhui.adapters import files_scan, opened_files


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.text("ab", max_size=9).map(str.encode), min_size=1, max_size=20),
    st.sampled_from(["\n", "\r"]),
    st.booleans(),
    st.sampled_from([1, 2, 3, 7, 64]),
    st.sets(st.integers(0, 22)),
)
def test_lines_by_number(lines: list[bytes], newline: str, ended: bool, block: int, wanted: set[int]) -> None:
    path = Path(tempfile.mkdtemp()) / "in.csv"
    path.write_bytes(newline.encode().join(lines) + (newline.encode() if ended else b""))
    there = lines if ended or lines[-1] else lines[:-1]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(opened_files, "_BLOCK", block)
        found = list(opened_files._physical_lines(path, sorted(wanted), newline))
    assert found == [(number, there[number]) for number in sorted(wanted) if number < len(there)]


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.text("ab", max_size=9).map(str.encode), min_size=1, max_size=20),
    st.sampled_from([b"\n", b"\r\n"]),
    st.booleans(),
    st.sampled_from([1, 2, 3, 7, 64]),
    st.sampled_from([1, 2, 3, 5]),
    st.sets(st.integers(0, 22)),
)
def test_lines_by_marks_are_those_by_reading_through(
    lines: list[bytes], newline: bytes, ended: bool, part: int, every: int, wanted: set[int]
) -> None:
    path = Path(tempfile.mkdtemp()) / "in.csv"
    path.write_bytes(newline.join(lines) + (newline if ended else b""))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(files_scan, "_PART", part)
        patched.setattr(files_scan, "EVERY", every)
        patched.setattr(opened_files, "EVERY", every)
        marks = files_scan.scan(path).marks
        found = list(opened_files._lines_by_marks(path, sorted(wanted), marks)) if marks else []
    read = list(opened_files._physical_lines(path, sorted(wanted), "\n"))
    assert found == (read if marks else [])
    assert bool(marks) == (len(lines) > 1 or ended)
