"""`BlobStore` as encrypted files: AES-256-GCM in chunks, one key per parcel, wrapped by the zone's landing key.

A chunk's associated data are its blob's name, its index and whether it is the last, so that chunks cannot be swapped,
cut off or moved to another parcel. Destroying the wrapped key (records) makes every blob of the parcel unreadable for
good.
"""

from __future__ import annotations

import io
import os
import secrets
import struct
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import Event
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from puhui.lake.store import Sealed
from puhui.model.keys import KeyStore
from puhui.model.refusal import Said
from puhui.model.refusals import Broken
from puhui.wire.durable import publish

_KEK = "landings"
_MAGIC = b"PUHUI-SEALED-1 AES-256-GCM\n"
_CHUNK = 1 << 19  # small enough to be allocated again and again without asking the system for it
_TAG = 16
_NONCE = 12


class SealedFiles:
    """The base layer: `root/<resource>/<name>`; names are digests and kinds, never file names of the supplier."""

    def __init__(self, root: Path, keys: KeyStore) -> None:
        self._root = root
        self._keys = keys

    def seal(self, resource: str, name: str, source: BinaryIO) -> Sealed:
        sealed, secret = self._new_key(resource)
        self._write(secret, resource, name, source)
        return sealed

    @contextmanager
    def sealing(self, resource: str, name: str, path: Path) -> Iterator[_Sealing]:
        """Encryption and disk leave the interpreter free: a thread beside the engine costs it next to nothing."""
        sealed, secret = self._new_key(resource)
        draft, left = self._draft(resource), Event()
        try:
            with path.open("rb") as source, ThreadPoolExecutor(1, "sealing") as beside:
                write = partial(beside.submit, _write_draft, draft, secret, f"{resource}/{name}", source, left)
                try:
                    yield _Sealing(sealed, write, draft, self._root / resource / name)
                finally:
                    left.set()  # and the pool waits for its thread
        finally:
            draft.unlink(missing_ok=True)

    def _new_key(self, resource: str) -> tuple[Sealed, bytes]:
        """A parcel's own key, wrapped and plain."""
        kek = self._keys.current(_KEK)
        secret = secrets.token_bytes(32)
        nonce = secrets.token_bytes(_NONCE)
        wrapped = nonce + AESGCM(kek.secret).encrypt(nonce, secret, resource.encode())
        return Sealed(kek.id, wrapped), secret

    def seal_with(self, sealed: Sealed, resource: str, name: str, source: BinaryIO) -> None:
        self._write(self._secret(sealed, resource), resource, name, source)

    def open(self, sealed: Sealed, resource: str, name: str) -> BinaryIO:
        path = self._root / resource / name
        secret = self._secret(sealed, resource)
        try:
            handle = path.open("rb")
        except FileNotFoundError:
            raise _broken(path) from None
        opened: io.RawIOBase = _Opened(handle, AESGCM(secret), f"{resource}/{name}")
        return io.BufferedReader(opened, _CHUNK)

    def forget(self, resource: str, name: str) -> None:
        (self._root / resource / name).unlink(missing_ok=True)

    def names(self, resource: str) -> list[str]:
        folder = self._root / resource
        return sorted(p.name for p in folder.iterdir() if not p.name.startswith(".")) if folder.is_dir() else []

    def resources(self) -> list[str]:
        return sorted(p.name for p in self._root.iterdir() if p.is_dir()) if self._root.is_dir() else []

    def sweep(self, resource: str) -> int:
        drafts = list((self._root / resource).glob(".draft-*"))
        for draft in drafts:
            draft.unlink(missing_ok=True)
        return len(drafts)

    def _secret(self, sealed: Sealed, resource: str) -> bytes:
        kek = self._keys.by_id(sealed.key_id)
        nonce, body = sealed.wrapped_key[:_NONCE], sealed.wrapped_key[_NONCE:]
        try:
            return AESGCM(kek.secret).decrypt(nonce, body, resource.encode())
        except (InvalidTag, ValueError):
            raise _broken(self._root / resource) from None

    def _write(self, secret: bytes, resource: str, name: str, source: BinaryIO) -> None:
        draft = self._draft(resource)
        _write_draft(draft, secret, f"{resource}/{name}", source, Event())
        publish(draft, self._root / resource / name)

    def _draft(self, resource: str) -> Path:
        folder = self._root / resource
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder / f".draft-{secrets.token_hex(8)}"


class _Sealing:
    def __init__(self, sealed: Sealed, write: Callable[[], Future[None]], draft: Path, target: Path) -> None:
        self._sealed, self._write, self._draft, self._target = sealed, write, draft, target
        self._written: Future[None] | None = None

    def begin(self) -> None:
        self._begun()

    def finish(self) -> Sealed:
        self._begun().result()
        publish(self._draft, self._target)
        return self._sealed

    def _begun(self) -> Future[None]:
        if self._written is None:
            self._written = self._write()
        return self._written


def _write_draft(draft: Path, secret: bytes, name: str, source: BinaryIO, left: Event) -> None:
    """Durable once it returns; given up where `left` is set."""
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(_MAGIC)
        _encrypt(AESGCM(secret), name, source, out, left)
        out.flush()
        if not left.is_set():
            os.fsync(out.fileno())


def _encrypt(cipher: AESGCM, name: str, source: BinaryIO, out: BinaryIO, left: Event) -> None:
    index, chunk = 0, source.read(_CHUNK)
    while not left.is_set():
        following = source.read(_CHUNK)
        nonce = secrets.token_bytes(_NONCE)
        body = cipher.encrypt(nonce, chunk, _about(name, index, last=not following))
        out.write(struct.pack(">I", len(body)) + nonce)
        out.write(body)
        if not following:
            return
        index, chunk = index + 1, following


class _Opened(io.RawIOBase):
    """Decrypts chunk by chunk; a missing last chunk is as broken as a changed one."""

    def __init__(self, handle: BinaryIO, cipher: AESGCM, name: str) -> None:
        self._handle, self._cipher, self._name = handle, cipher, name
        self._index, self._left, self._done = 0, b"", False
        if handle.read(len(_MAGIC)) != _MAGIC:
            raise _broken(Path(name))

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        if not self._left and not self._done:
            self._left = self._next()
        taken = self._left[: len(buffer)]
        buffer[: len(taken)] = taken
        self._left = self._left[len(taken) :]
        return len(taken)

    def close(self) -> None:
        self._handle.close()
        super().close()

    def _next(self) -> bytes:
        head = self._handle.read(4 + _NONCE)
        if len(head) < 4 + _NONCE:
            raise _broken(Path(self._name))
        size, nonce = struct.unpack(">I", head[:4])[0], head[4:]
        body = self._handle.read(size)
        if len(body) != size:
            raise _broken(Path(self._name))
        self._done = not self._handle.peek(1) if isinstance(self._handle, io.BufferedReader) else False
        try:
            plain = self._cipher.decrypt(nonce, body, _about(self._name, self._index, last=self._done))
        except InvalidTag:
            raise _broken(Path(self._name)) from None
        self._index += 1
        return plain


def _about(name: str, index: int, *, last: bool) -> bytes:
    return f"{name}|{index}|{'last' if last else 'more'}".encode()


def _broken(path: Path) -> Broken:
    return Broken(
        Said(f"封存文件 {path.name} 已损坏或密钥不存在", f"the sealed file {path.name} is damaged or its key is gone"),
        todo=Said(
            "从备份恢复；若密钥已到期销毁，则不可再读", "restore it from a backup; a destroyed key cannot come back"
        ),
    )
