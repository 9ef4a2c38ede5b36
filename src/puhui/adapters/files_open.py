"""Any delivered file opened to one shape: `Records`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from puhui.adapters.files_csv import open_csv
from puhui.adapters.files_excel import open_excel
from puhui.adapters.files_json import open_json
from puhui.adapters.files_packed import is_workbook, unpack
from puhui.adapters.files_parquet import open_parquet
from puhui.adapters.files_refused import empty_file
from puhui.adapters.files_xml import open_xml
from puhui.intake.formats import FileKind, Records, kind_of


def open_records(path: Path, *, workdir: Path, sheet: str = "", name: str = "") -> Records:
    """Open a delivered file; `name` is its delivered name where that differs. Raises ParcelUnreadable.

    Scratch files go to `workdir`, which must be private and empty, and which the caller removes.
    """
    name = name or path.name
    kind = _kind(path, name)
    manifest = None
    if kind.packed:
        unpacked = unpack(path, name, kind, workdir)
        path, name, manifest = unpacked.path, unpacked.name, unpacked.manifest
        kind = _kind(path, name)
    return replace(_open(path, workdir, kind, sheet), manifest=manifest)


def _kind(path: Path, name: str) -> FileKind:
    with path.open("rb") as file:
        head = file.read(16)
    if not head:
        raise empty_file(name)
    kind = kind_of(name, head)
    return FileKind.XLSX if kind is FileKind.ZIP and is_workbook(path) else kind


def _open(path: Path, workdir: Path, kind: FileKind, sheet: str) -> Records:
    match kind:
        case FileKind.XLSX | FileKind.XLS:
            return open_excel(path, workdir, kind, sheet=sheet)
        case FileKind.PARQUET:
            return open_parquet(path, workdir)
        case FileKind.JSONL:
            return open_json(path, workdir)
        case FileKind.XML:
            return open_xml(path, workdir)
        case _:
            return open_csv(path, workdir)
