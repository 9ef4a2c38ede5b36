"""Digests: of a pack's folder, of a set of packs, and of one indicator's definition. All sha256, lower hex."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

import msgspec

from puhui.packs.packset import Indicator, PackSet


def folder_digest(files: Mapping[str, bytes]) -> str:
    """Over sorted relative paths and bytes, each led by its length, so that no two folders share a digest."""
    digest = hashlib.sha256()
    for path in sorted(files):
        for part in (path.encode(), files[path]):
            digest.update(len(part).to_bytes(8, "big"))
            digest.update(part)
    return digest.hexdigest()


def set_digest(packs: Iterable[tuple[str, str]]) -> str:
    """Over (name, digest) of the packs, in any order."""
    text = "".join(f"{name} {digest}\n" for name, digest in sorted(packs))
    return hashlib.sha256(text.encode()).hexdigest()


def definition_digest(indicator: Indicator, packs: PackSet) -> str:
    """Of what an indicator means: its head in canonical form, its SQL, and the parameters that it names."""
    parts = [msgspec.json.encode(indicator.head, order="sorted"), indicator.sql.strip().encode()]
    parts += [msgspec.json.encode(packs.parameter(name), order="sorted") for name in sorted(indicator.head.parameters)]
    return folder_digest({f"{number}": part for number, part in enumerate(parts)})
