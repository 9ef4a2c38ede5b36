"""What a backup says of itself: every file with its size and digest, signed by the zone.

Promises: a backup with a file more, a file less or a byte changed is refused, and so is one whose manifest the zone did
not sign. RFC 8785, so that there is one form to sign.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, NoReturn

import msgspec

from puhui.model.keys import KeyStore
from puhui.model.refusal import Said
from puhui.model.refusals import Broken
from puhui.wire.canonical import BadDocument, canonical, read_canonical
from puhui.wire.durable import replace_bytes
from puhui.wire.keys import Ed25519Signing

MANIFEST, SIGNATURE = "MANIFEST.json", "MANIFEST.sig"
_DOMAIN = b"puhui-backup-1\n"
_KEY = "zone"
_CHUNK = 1 << 20


class Listed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file: path in the backup, bytes, SHA-256 (hex), permissions (octal); of a link: what it points at."""

    path: str
    size: int
    sha256: str
    mode: str
    link: str = ""


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`size`, `root`: of the log at the moment of the backup. `database`: sqlite | postgresql. `keys`: of a folder of
    keys only, which has a manifest of its own.
    """

    v: int
    zone: str
    made_at: str
    database: str
    size: int
    root: str
    files: tuple[Listed, ...]


def copy_file(source: Path, target: Path, path: str, mode: int | None = None) -> Listed:
    """Copies, and says what was copied. Links stay links."""
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if source.is_symlink():
        link = os.readlink(source)
        target.symlink_to(link)
        return Listed(path, 0, "", "", link)
    mode = stat.S_IMODE(source.stat().st_mode) if mode is None else mode
    with source.open("rb") as read, open(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        size, digest = _copied(read, out)
    target.chmod(mode)
    return Listed(path, size, digest, oct(mode))


def _copied(read: BinaryIO, out: BinaryIO | None) -> tuple[int, str]:
    size, digest = 0, hashlib.sha256()
    while chunk := read.read(_CHUNK):
        size += len(chunk)
        digest.update(chunk)
        if out:
            out.write(chunk)
    return size, digest.hexdigest()


def write_manifest(folder: Path, manifest: Manifest, keys: KeyStore) -> str:
    """Manifest and signature, the last files of a backup; the manifest's digest."""
    raw = canonical(msgspec.to_builtins(manifest))
    key = keys.current(_KEY)
    signature = Ed25519Signing.of_seed(key.id, key.secret).sign(_signed(raw))
    replace_bytes(folder / SIGNATURE, f"{key.id} {signature.hex()}\n".encode())
    replace_bytes(folder / MANIFEST, raw)
    return hashlib.sha256(raw).hexdigest()


def read_manifest(folder: Path) -> tuple[Manifest, bytes]:
    """The manifest and its bytes. Raises Broken."""
    try:
        raw = (folder / MANIFEST).read_bytes()
        manifest = msgspec.convert(read_canonical(raw), Manifest)
    except (OSError, BadDocument, msgspec.ValidationError):
        _refuse("备份的清单缺失或格式不符", "the backup's manifest is missing or of another form")
    if manifest.v != 1 or any(_outside(one) for one in manifest.files):
        _refuse("备份的清单格式不符", "the backup's manifest is of another form")
    return manifest, raw


def check_signed(folder: Path, raw: bytes, keys: KeyStore) -> None:
    """Broken where the zone whose keys these are did not sign this manifest."""
    try:
        key_id, signature = (folder / SIGNATURE).read_text("ascii").split()
        key = keys.by_id(key_id)
        given = bytes.fromhex(signature)
    except (OSError, ValueError):
        _refuse("备份的签名缺失", "the backup's signature is missing")
    if not Ed25519Signing.of_seed(key.id, key.secret).verifying().verify(_signed(raw), given):
        _refuse("备份的清单不是用这些密钥签名的", "the manifest is not signed by the zone of these keys")


def check_files(folder: Path, files: Sequence[Listed]) -> None:
    """Broken where a file is missing, changed, or not listed; the first one is named."""
    listed = {one.path: one for one in files}
    for path in _paths_in(folder):
        if path not in listed:
            _refuse(f"备份中有清单以外的文件 {path}", f"the backup holds {path}, which its manifest does not list")
    for path, one in listed.items():
        if not _same(folder / path, one):
            _refuse(f"备份文件 {path} 缺失或被改动", f"the backup's file {path} is missing or changed")


def _same(file: Path, one: Listed) -> bool:
    if one.link or file.is_symlink():
        return file.is_symlink() and os.readlink(file) == one.link
    try:
        with file.open("rb") as read:
            return _copied(read, None) == (one.size, one.sha256)
    except OSError:
        return False


def take_files(folder: Path, files: Sequence[Listed], target: Path) -> None:
    """Copies the listed files; what arrives is what was listed. Raises Broken."""
    for one in files:
        mode = int(one.mode, 8) if one.mode else None
        got = copy_file(folder / one.path, target / one.path, one.path, mode)
        if (got.size, got.sha256, got.link) != (one.size, one.sha256, one.link):
            _refuse(f"备份文件 {one.path} 被改动", f"the backup's file {one.path} was changed")


def publish_folder(draft: Path, folder: Path) -> None:
    """The folder appears whole, durably."""
    os.sync()
    os.replace(draft, folder)
    os.sync()


def fresh_folder(folder: Path) -> Path:
    """An empty draft beside a folder that is empty or absent. What an earlier try left is removed."""
    draft = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700, parents=True)
    return draft


def _paths_in(folder: Path) -> Iterator[str]:
    own = {MANIFEST, SIGNATURE}
    for parent, folders, files in os.walk(folder):
        links = [name for name in folders if (Path(parent) / name).is_symlink()]
        for name in (*files, *links):
            path = (Path(parent) / name).relative_to(folder).as_posix()
            if path not in own:
                yield path


def _outside(one: Listed) -> bool:
    """A path, or the end of a link, that would leave the folder."""
    parts = Path(one.path).parts
    link = os.path.normpath(Path(one.path).parent / one.link) if one.link else ""
    return not parts or Path(one.path).is_absolute() or ".." in parts or link.startswith(("/", ".."))


def _signed(raw: bytes) -> bytes:
    return _DOMAIN + hashlib.sha256(raw).digest()


def facts_of(manifest: Manifest) -> Mapping[str, object]:
    """What an event and a command tell of a backup."""
    return {"zone": manifest.zone, "made_at": manifest.made_at, "size": manifest.size, "root": manifest.root}


def _refuse(zh: str, en: str) -> NoReturn:
    raise Broken(
        Said(zh, en), todo=Said("换一份完好的备份；不要改动备份文件", "take another backup; never change one's files")
    )
