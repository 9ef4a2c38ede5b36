"""Archives: one data file comes out, checked before and while it is unpacked.

Refused: nested archives, encrypted members, links, absolute names and "..", more than one data file, and
bombs, by the share of unpacked to packed bytes and by an absolute limit. Nothing is written outside the
scratch folder, and never under a name from the archive.
"""

from __future__ import annotations

import gzip
import stat
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from puhui.adapters.files_refused import unreadable
from puhui.intake.formats import FileKind, kind_of
from puhui.model.refusals import ParcelUnreadable

MANIFEST_SUFFIX = ".manifest.json"
_STEP = 1 << 20
_NOISE = ("__MACOSX/", ".DS_Store", "Thumbs.db")


@dataclass(frozen=True, slots=True)
class Limits:
    """What an archive may grow to: bytes in all, and times its packed size once it is larger than `free`
    bytes."""

    most: int = 32 << 30
    ratio: int = 200
    free: int = 64 << 20
    members: int = 16
    manifest: int = 1 << 20


@dataclass(frozen=True, slots=True)
class Unpacked:
    """The one data file of an archive, in the scratch folder, its own name, and the manifest beside it."""

    path: Path
    name: str
    manifest: bytes | None = None


def unpack(path: Path, name: str, kind: FileKind, workdir: Path, limits: Limits = Limits()) -> Unpacked:
    """Unpack a .gz or .zip. Raises ParcelUnreadable."""
    target = workdir / "unpacked"
    try:
        if kind is FileKind.GZIP:
            with gzip.open(path, "rb") as source:
                _copy(source, target, path.stat().st_size, limits)
            found = Unpacked(target, name.removesuffix(".gz"))
        else:
            found = _unzip(path, target, limits)
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile, NotImplementedError) as error:
        raise _refused("压缩文件已损坏", "the archive is damaged", where=type(error).__name__) from None
    _refuse_nested(found)
    return found


def is_workbook(path: Path) -> bool:
    """Whether a zip archive is a spreadsheet under another name."""
    try:
        with zipfile.ZipFile(path) as archive:
            return "xl/workbook.xml" in archive.namelist()
    except zipfile.BadZipFile:
        return False


def refuse_bomb(path: Path, limits: Limits = Limits()) -> None:
    """Hold a workbook, which is an archive itself, against the limits before a reader opens it."""
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(member.file_size for member in archive.infolist())
    except zipfile.BadZipFile:
        raise _refused("工作簿已损坏", "the workbook is damaged") from None
    if size > limits.most or size > max(limits.free, limits.ratio * path.stat().st_size):
        raise _too_large()


def _unzip(path: Path, target: Path, limits: Limits) -> Unpacked:
    with zipfile.ZipFile(path) as archive:
        members = [m for m in archive.infolist() if not m.is_dir() and not _is_noise(m.filename)]
        for member in members:
            _refuse_member(member)
        data = [m for m in members if not m.filename.lower().endswith(MANIFEST_SUFFIX)]
        manifests = [m for m in members if m not in data]
        if len(data) != 1 or len(manifests) > 1 or len(archive.infolist()) > limits.members:
            raise _refused(
                f"压缩包内应恰有一个数据文件（可附一个清单），实有 {len(data)} 个",
                f"one data file, and perhaps its manifest, may stand in an archive; here are {len(data)}",
            )
        manifest = None
        if manifests:
            with archive.open(manifests[0]) as source:
                manifest = source.read(limits.manifest + 1)
            if len(manifest) > limits.manifest:
                raise _too_large()
        with archive.open(data[0]) as source:
            _copy(source, target, data[0].compress_size, limits)
        return Unpacked(target, PurePosixPath(data[0].filename).name, manifest)


def _is_noise(name: str) -> bool:
    return name.startswith(_NOISE[0]) or PurePosixPath(name).name in _NOISE[1:]


def _refuse_member(member: zipfile.ZipInfo) -> None:
    name = member.filename
    outside = name.startswith(("/", "\\")) or ".." in PurePosixPath(name.replace("\\", "/")).parts or ":" in name
    if outside or stat.S_ISLNK(member.external_attr >> 16):
        raise _refused(
            "压缩包内的文件名指向包外，或为链接",
            "a member's name points outside the archive, or it is a link",
        )
    if member.flag_bits & 1:
        raise _refused("压缩包有密码，无法读取", "the archive is encrypted and cannot be read")


def _copy(source: IO[bytes] | gzip.GzipFile, target: Path, packed: int, limits: Limits) -> None:
    size = 0
    with target.open("wb") as sink:
        while part := source.read(_STEP):
            size += len(part)
            if size > limits.most or size > max(limits.free, limits.ratio * packed):
                raise _too_large()
            sink.write(part)


def _refuse_nested(found: Unpacked) -> None:
    with found.path.open("rb") as file:
        kind = kind_of(found.name, file.read(16))
    if kind is FileKind.GZIP or (kind is FileKind.ZIP and not is_workbook(found.path)):
        raise _refused("压缩包内又是压缩包", "the archive holds another archive")


def _too_large() -> ParcelUnreadable:
    return _refused("解压后的大小超出限度", "the unpacked size is beyond the limit")


def _refused(zh: str, en: str, where: str = "") -> ParcelUnreadable:
    return unreadable(
        zh,
        en,
        todo_zh="请直接交付数据文件，或重新压缩单个文件（不加密）",
        todo_en="deliver the data file itself, or pack the single file again without a password",
        where=where,
    )
