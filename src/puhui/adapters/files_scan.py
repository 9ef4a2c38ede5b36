"""One pass over a delivered file: its digest, whether it is strictly UTF-8, and how its lines are built.

What the pass finds decides whether the engine may read the file where it lies: the engine's parallel CSV
reader cuts records wrongly where a quoted value holds a newline on the border of two buffers, so only files
in which every physical line is a record ("plain") go that way.
"""

from __future__ import annotations

import hashlib
from array import array
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from puhui.intake.formats import EVERY

CHUNK = 1 << 23
_PART = 1 << 21  # read at a time: small enough to stay in the processor's cache while it is looked at thrice
ENOUGH = 100_000
_LF, _CR, _QUOTE = 0x0A, 0x0D, 0x22
_CARRY = 4  # room for the start of a character that the chunk's end cut
_NOWHERE = np.zeros(0, dtype=np.int64)
Bytes = np.ndarray[Any, np.dtype[np.uint8]]


@dataclass(slots=True)
class Scan:
    """What one pass found. Counts are over the whole file; offsets count bytes from 0."""

    size: int = 0
    digest: str = ""
    broken_utf8_at: int = -1  # offset of the first byte that is not UTF-8; -1: all of it is
    wide: int = (
        0  # lead bytes of characters of three and more bytes, before the broken one; no more than ENOUGH are counted
    )
    lf: int = 0
    cr: int = 0
    crlf: int = 0
    quotes: int = 0
    quoted_newlines: int = 0  # line ends after an odd number of quotes
    blank_lines: int = 0
    longest: int = 0  # bytes of the longest line
    ends_with_newline: bool = True
    marks: array[int] = field(default_factory=lambda: array("q"))  # starts of the lines after line feeds 0, EVERY, …

    @property
    def newline(self) -> str:
        if self.crlf:
            return "\r\n"
        return "\r" if self.cr and not self.lf else "\n"

    @property
    def physical_lines(self) -> int:
        ends = self.cr if self.newline == "\r" else self.lf
        return ends + (0 if self.ends_with_newline else 1)

    @property
    def plain(self) -> bool:
        """Every physical line is one record: one kind of line end, none inside quotes, no blank line."""
        one_kind = self.cr == 0 or (self.crlf == self.cr == self.lf)
        return one_kind and self.quoted_newlines == 0 and self.blank_lines == 0


def scan(path: Path) -> Scan:
    """Read the file once. Raises OSError only."""
    return _Pass().run(path)


class _Pass:
    def __init__(self) -> None:
        self.found = Scan()
        self.odd = 0  # quotes before this chunk, modulo 2
        self.line_start = 0  # offset where the current line starts
        self.last = _LF  # the byte before this chunk; a file starts as after a line end

    def run(self, path: Path) -> Scan:
        digest = hashlib.sha256()
        buffer = bytearray(_PART + _CARRY)
        view = memoryview(buffer)
        carried = 0
        with path.open("rb", buffering=0) as file, ThreadPoolExecutor(1) as beside:
            while count := file.readinto(view[_CARRY:]):
                new = view[_CARRY : _CARRY + count]
                hashed = beside.submit(digest.update, new)
                text = view[_CARRY - carried : _CARRY + count]
                still = self._utf8(text, carried)
                self._lines(np.frombuffer(new, dtype=np.uint8), returns=b"\r" in buffer, quotes=b'"' in buffer)
                self.found.size += count
                hashed.result()
                view[_CARRY - still : _CARRY] = bytes(text[len(text) - still :])
                carried = still
        if carried and self.found.broken_utf8_at < 0:
            self.found.broken_utf8_at = self.found.size - carried
        found = self.found
        found.digest = digest.hexdigest()
        found.ends_with_newline = self.last in (_LF, _CR)
        found.longest = max(found.longest, found.size - self.line_start)
        return found

    def _utf8(self, text: memoryview, carried: int) -> int:
        """Check one chunk with what the last one carried over; gives how many bytes to carry on."""
        if self.found.broken_utf8_at >= 0:
            return 0
        tail = _cut_character(text)
        whole = text[: len(text) - tail]
        if not _is_utf8(whole):
            at = _first_broken(whole)
            self.found.broken_utf8_at = self.found.size - carried + at
            whole, tail = whole[:at], 0
        if self.found.wide < ENOUGH:
            self.found.wide += int(np.count_nonzero(np.frombuffer(whole, dtype=np.uint8) >= 0xE0))
        return tail

    def _lines(self, part: Bytes, *, returns: bool, quotes: bool) -> None:
        """Count the lines of one chunk. `returns`, `quotes`: whether there may be any, which is told at less cost."""
        self._count(part, np.flatnonzero(part == _LF), np.flatnonzero(part == _QUOTE) if quotes else _NOWHERE, returns)
        self.last = int(part[-1])

    def _count(self, part: Bytes, ends: Any, quotes: Any, returns: bool) -> None:
        found, start = self.found, self.found.size
        returns = returns or self.last == _CR
        found.cr += int(np.count_nonzero(part == _CR)) if returns else 0
        crlf = self._crlf(part, ends) if returns else 0
        found.crlf += int(np.count_nonzero(crlf))
        found.marks.frombytes((ends[-found.lf % EVERY :: EVERY] + (start + 1)).tobytes())
        found.lf += len(ends)
        if len(ends):
            if len(quotes) or self.odd:
                before = np.searchsorted(quotes, ends) + self.odd
                found.quoted_newlines += int(np.count_nonzero(before & 1))
            lengths = np.diff(ends + start, prepend=self.line_start - 1) - 1
            found.blank_lines += int(np.count_nonzero(lengths == crlf))
            found.longest = max(found.longest, int(lengths.max()))
            self.line_start = start + int(ends[-1]) + 1
        found.quotes += len(quotes)
        self.odd = (self.odd + len(quotes)) & 1

    def _crlf(self, part: Bytes, ends: Any) -> Any:
        """For each line feed whether a carriage return stands before it."""
        if not len(ends):
            return np.zeros(0, dtype=bool)
        before = part[ends - 1]
        if ends[0] == 0:
            before[0] = self.last
        return before == _CR


def _is_utf8(text: memoryview) -> bool:
    if not len(text):
        return True
    ends = pa.py_buffer(np.array([0, len(text)], dtype=np.int64))
    array = pa.Array.from_buffers(pa.large_string(), 1, [None, ends, pa.py_buffer(text)])
    try:
        array.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _first_broken(text: memoryview) -> int:
    try:
        str(text, "utf-8")
    except UnicodeDecodeError as broken:
        return broken.start
    return len(text)


def _cut_character(text: memoryview) -> int:
    """How many bytes at the end start a character that goes on in the next chunk (0 to 3)."""
    for back in range(1, min(4, len(text) + 1)):
        byte = text[-back]
        if byte >= 0xC0:
            length = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return back if length > back else 0
        if byte < 0x80:
            return 0
    return 0


def digest_of(path: Path) -> tuple[str, int]:
    """sha256 (hex) and size of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest(), path.stat().st_size
