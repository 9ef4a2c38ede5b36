"""A workbook of the old kind (.xls) for tests: BIFF8 records in an OLE2 container, text and numbers only."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path

SECTOR = 512
_END, _FREE, _FAT = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD
Cell = str | float


def write_xls(path: Path, rows: Sequence[Sequence[Cell]]) -> None:
    stream = _workbook(rows)
    stream += b"\0" * (max(4096, -(-len(stream) // SECTOR) * SECTOR) - len(stream))
    sectors = len(stream) // SECTOR
    # sector 0: allocation table, 1: directory, from 2 on: the stream
    chain = [_FAT, _END, *range(3, sectors + 2), _END]
    table = struct.pack("<128I", *chain, *[_FREE] * (128 - len(chain)))
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 16
    header += struct.pack("<5H6x", 0x3E, 3, 0xFFFE, 9, 6)
    header += struct.pack("<9I", 0, 1, 1, 0, 4096, _END, 0, _END, 0)
    header += struct.pack("<109I", 0, *[_FREE] * 108)
    directory = _entry("Root Entry", 5, 1, _END, 0) + _entry("Workbook", 2, _FREE, 2, len(stream))
    path.write_bytes(header + table + directory + b"\0" * 256 + stream)


def _entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
    raw = (name + "\0").encode("utf-16-le")
    head = raw.ljust(64, b"\0") + struct.pack("<HBB3I", len(raw), kind, 1, _FREE, _FREE, child)
    return head + b"\0" * 36 + struct.pack("<IQ", start, size)


def _record(code: int, data: bytes) -> bytes:
    return struct.pack("<2H", code, len(data)) + data


def _workbook(rows: Sequence[Sequence[Cell]]) -> bytes:
    name = b"\x06\x00Sheet1"
    start = _record(0x809, struct.pack("<4H2I", 0x600, 5, 0, 0, 0, 0))
    end = _record(0x0A, b"")
    at = len(start) + 4 + 6 + len(name) + len(end)
    sheet = _record(0x85, struct.pack("<IH", at, 0) + name)
    body = _record(0x809, struct.pack("<4H2I", 0x600, 0x10, 0, 0, 0, 0))
    body += _record(0x200, struct.pack("<2I3H", 0, len(rows), 0, max(map(len, rows)), 0))
    for y, row in enumerate(rows):
        body += b"".join(_cell(y, x, cell) for x, cell in enumerate(row) if cell != "")
    return start + sheet + end + body + end


def _cell(y: int, x: int, cell: Cell) -> bytes:
    if isinstance(cell, str):
        raw = cell.encode("utf-16-le")
        return _record(0x204, struct.pack("<4HB", y, x, 0, len(raw) // 2, 1) + raw)
    return _record(0x203, struct.pack("<3Hd", y, x, 0, cell))
