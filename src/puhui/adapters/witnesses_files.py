"""The witnesses that a zone asks: NAME.witness in a folder of its home, two lines: its verifier key and its URL."""

from __future__ import annotations

import hashlib
from pathlib import Path
from urllib.parse import urlsplit

from puhui.adapters.witness_http import HttpWitness
from puhui.model.refusal import Said
from puhui.model.refusals import HomeRefused
from puhui.wire.durable import OPEN, replace_bytes
from puhui.wire.notes import COSIGNATURE_V1, NoteVerifier


class WitnessFiles:
    """The witnesses of one home."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def listed(self) -> list[tuple[NoteVerifier, str]]:
        """Key and URL of each, by name."""
        found = (file.read_text("utf-8").split() for file in sorted(self._folder.glob("*.witness")))
        return sorted(((NoteVerifier.parse(vkey), url) for vkey, url in found), key=lambda one: one[0].name)

    def add(self, vkey: str, url: str) -> NoteVerifier:
        """Ask this witness from the next start on. Raises HomeRefused where key or URL are none."""
        try:
            key = NoteVerifier.parse(vkey)
        except ValueError:
            raise _refused("见证方公钥格式不符", "this is no verifier key") from None
        if key.kind != COSIGNATURE_V1:
            raise _refused("该公钥不是见证方的", "this key is no witness's: it does not cosign")
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
            raise _refused("见证方地址不是 http(s) 网址", "the witness's address is no http(s) URL")
        self._folder.mkdir(mode=0o700, exist_ok=True)
        name = hashlib.sha256(key.vkey.encode()).hexdigest()[:16]
        replace_bytes(self._folder / f"{name}.witness", f"{key.vkey}\n{url}\n".encode(), mode=OPEN)
        return key

    def witnesses(self) -> list[HttpWitness]:
        """Each, ready to be asked."""
        return [HttpWitness(url, key) for key, url in self.listed()]


def _refused(zh: str, en: str) -> HomeRefused:
    return HomeRefused(
        Said(zh, en),
        todo=Said("用 puhui witness key DIR 打印的公钥和其网址", "take what `puhui witness key DIR` prints"),
    )
