"""The one pass over a file finds the same, wherever its chunks end."""

from __future__ import annotations

import hashlib
import re
import tempfile
from array import array
from pathlib import Path
from unittest.mock import patch

from hypothesis import example, given, settings
from hypothesis import strategies as st

from puhui.adapters import files_scan
from puhui.adapters.files_scan import Scan, scan

PIECES = [b"a", b"b,c", b"\n", b"\r\n", b"\r", b'"', "税".encode(), "𠀀".encode(), "税".encode()[:2], b"\xff", b"\n\n"]


def scanned(data: bytes, part: int) -> Scan:
    path = Path(tempfile.mkdtemp()) / "file"
    path.write_bytes(data)
    with patch.object(files_scan, "_PART", part):
        return scan(path)


def plainly(data: bytes) -> Scan:
    """The same by looking at the whole."""
    ends = [found.start() for found in re.finditer(rb"\n", data)]
    starts = [0, *(end + 1 for end in ends)]
    crlf = [data[end - 1 : end] == b"\r" for end in ends]
    lengths = [end - start for start, end in zip(starts, ends, strict=False)]
    broken = broken_at(data)
    return Scan(
        size=len(data),
        digest=hashlib.sha256(data).hexdigest(),
        broken_utf8_at=broken,
        wide=sum(byte >= 0xE0 for byte in (data if broken < 0 else data[:broken])),
        lf=len(ends),
        cr=data.count(b"\r"),
        crlf=sum(crlf),
        quotes=data.count(b'"'),
        quoted_newlines=sum(data[:end].count(b'"') % 2 for end in ends),
        blank_lines=sum(length == after for length, after in zip(lengths, crlf, strict=True)),
        longest=max([*lengths, len(data) - starts[-1]]),
        ends_with_newline=not data or data[-1:] in (b"\n", b"\r"),
        marks=array("q", [end + 1 for end in ends[:: files_scan.EVERY]]),
    )


def broken_at(data: bytes) -> int:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as broken:
        return broken.start
    return -1


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=30).map(b"".join), st.integers(5, 40))
@example(b'abcd\r\n"\n"', 5)
@example(b"\r\n\r\n", 5)
def test_wherever_the_chunks_end(data: bytes, part: int) -> None:
    assert scanned(data, part) == plainly(data)
