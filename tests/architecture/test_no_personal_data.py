"""No file of the repository names the machine it was written on, or holds a number that may be a person's."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest

from puhui.model.identifiers import RIC, verify

from .source import repository_files, texts

# Citizen numbers that a page or test has to write out, made up. None so far: tests compute theirs.
SYNTHETIC: frozenset[str] = frozenset()
CITIZEN = re.compile(r"(?<![0-9A-Za-z])[1-9][0-9]{16}[0-9Xx](?![0-9A-Za-z])")
# Prefixes that the numbering plan of mobile networks has given out: tests take another (160, 179 …).
MOBILE = re.compile(
    r"(?<![0-9A-Za-z.])1(?:3[0-9]|4[014-9]|5[0-35-9]|6[2567]|7[0-8]|8[0-9]|9[0-35-9])[0-9]{8}(?![0-9A-Za-z])"
)
# written in pieces, so that this file does not match itself
MACHINE = re.compile("|".join(("/" + "work/", "/" + "tmp/", "/" + "root/", "/" + "home/[a-z]", r"[A-Z]:\\" + "Users")))
LARGEST = 2_000_000  # bytes: data belong into a generator


def citizen_numbers(text: str) -> list[str]:
    """What may be a living person's citizen number: right form, date and check digit."""
    found = CITIZEN.findall(text)
    right = verify(RIC, pa.array(found, pa.string()), date.today()).error == 0 if found else []
    return [number for number, valid in zip(found, right, strict=True) if valid and number not in SYNTHETIC]


def places(pattern: re.Pattern[str]) -> list[str]:
    """Where a pattern stands: file and line, never the match."""
    return [
        f"{file}:{number}"
        for file, text in texts().items()
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]


def test_no_citizen_number() -> None:
    assert [str(file) for file, text in texts().items() if citizen_numbers(text)] == []


def test_no_mobile_number() -> None:
    assert places(MOBILE) == []


def test_no_path_of_a_machine() -> None:
    assert places(MACHINE) == []


def test_no_large_file() -> None:
    assert [str(path) for path in repository_files() if path.stat().st_size > LARGEST] == []


def test_the_scan_knows_a_number_when_it_sees_one() -> None:
    body = "36050019850307211"
    number = next(
        body + digit for digit in "0123456789X" if verify(RIC, pa.array([body + digit]), date.today()).valid[0]
    )
    assert citizen_numbers(f"id={number};") == [number]
    assert citizen_numbers(f"a{number}") == []


@pytest.mark.parametrize(
    ("text", "seen"), [("1391" + "2345678", 1), ("1391" + "23456789", 0), ("0.1391" + "2345678", 0)]
)
def test_the_scan_knows_a_telephone_number(text: str, seen: int) -> None:
    assert len(MOBILE.findall(text)) == seen


def test_every_file_is_read_or_known_to_be_binary() -> None:
    binary = {path.suffix for path in repository_files()} - {path.suffix for path in map(Path, texts())}
    assert binary <= {".xls", ".xlsx", ".parquet", ".gz", ".zip", ".png"}
