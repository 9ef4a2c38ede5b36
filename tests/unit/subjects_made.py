"""Subjects made for tests: valid identifiers, resources by a few words, and a vault on a folder."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pyarrow as pa

from puhui.adapters.journal_file import FileJournal
from puhui.adapters.keys_file import FileKeys
from puhui.adapters.vault_sqlite import SqliteVault
from puhui.packs.forms import Duty, Field, Identify, Resource, Words
from puhui.subjects.authority import SourceOfNames
from puhui.subjects.link import Linking, link
from puhui.subjects.names import NameMatcher, NameParts
from puhui.subjects.vault import Vault

TODAY = date(2026, 9, 1)
CITY, ZONE = "360500", "a1"
_ORG = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_USCC = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def org_code(serial: int) -> str:
    body = f"{serial:08d}"
    check = 11 - sum(_ORG.index(c) * w for c, w in zip(body, (3, 7, 9, 10, 5, 8, 4, 2), strict=True)) % 11
    return body + {10: "X", 11: "0"}.get(check, str(check))


def uscc(serial: int, prefix: str = "91", area: str = "360502") -> str:
    body = prefix + area + org_code(serial)
    total = sum(_USCC.index(c) * pow(3, i, 31) for i, c in enumerate(body))
    return body + _USCC[-total % 31]


def ric(birth: str = "19800101", serial: int = 1, area: str = "360502") -> str:
    body = f"{area}{birth}{serial:03d}"
    total = sum(int(c) * pow(2, 17 - i, 11) for i, c in enumerate(body))
    return body + "10X98765432"[total % 11]


def reg_no(serial: int, area: str = "360502") -> str:
    body = f"{area}{serial:08d}"
    product = 10
    for digit in body:
        product = ((product + int(digit)) % 10 or 10) * 2 % 11
    return body + str((1 - product) % 10)


def field(name: str, semantic: str, keep: str = "vault") -> Field:
    words = Words(zh=name, en=name)
    return Field(
        name=name, title=words, type="text", semantic=semantic, grade="G3", gate="public", use="verify",
        keep=keep,
    )  # fmt: skip


def resource(
    ways: Sequence[tuple[str, str]], *, name: str = "register", fields: Sequence[tuple[str, str]] = (),
    names: str = "none", about: str = "organisation",
) -> Resource:  # fmt: skip
    words = Words(zh=name, en=name)
    ways_fields = {way: field(way, "text" if kind.startswith("local") else kind) for way, kind in ways}
    return Resource(
        format=1, name=name, item_id="SCJ-01", title=words, agency=words, duty=Duty(zh="", en=""), domain="d",
        about=about, grade="G3", credit_gate="public", use="verify", share_mode="", cycle="daily",
        fields=[*ways_fields.values(), *(field(*f) for f in fields)], keys=[ways[0][0]],
        identify=[Identify(field=f, kind=k) for f, k in ways], names=names,
    )  # fmt: skip


REGISTER = resource(
    [("uscc", "uscc"), ("reg_no", "reg_no")],
    fields=[("ent_name", "name"), ("address", "address"), ("phone", "phone")],
    names="authoritative",
)
COURT = resource(
    [("exec_id", "uscc"), ("exec_id", "ric"), ("exec_id", "org_code"), ("exec_name", "name")], name="court"
)


class NobodyNear:
    """A matcher that finds nothing alike."""

    def score(self, asked: Sequence[NameParts], known: Sequence[NameParts]) -> list[tuple[int, int, float]]:
        return []


class Always:
    """A matcher that gives every pair the same probability."""

    def __init__(self, probability: float) -> None:
        self.probability = probability

    def score(self, asked: Sequence[NameParts], known: Sequence[NameParts]) -> list[tuple[int, int, float]]:
        return [(i, j, self.probability) for i in range(len(asked)) for j in range(len(known))]


def open_vault(home: Path, *, city: str = CITY, zone: str = ZONE, patience: float = 5) -> Vault:
    store = SqliteVault(home / "vault" / "vault.db", city=city, zone=zone, patience=patience)
    journal = FileJournal(home / "vault" / "erasures.journal")
    return Vault(store, FileKeys(home / "keys"), journal, city=city, zone=zone)


def deliver(
    vault: Vault, resource: Resource, rows: Sequence[dict[str, str]], *, parcel: str = "p1", at: date = TODAY,
    matcher: NameMatcher | None = None,
) -> Linking:  # fmt: skip
    """Links rows; their identities are numbered from 1."""
    columns = {key for row in rows for key in row}
    table = pa.table(
        {"identity": pa.array(range(1, len(rows) + 1), pa.int64())}
        | {column: pa.array([row.get(column) for row in rows], pa.string()) for column in sorted(columns)}
    )
    source = SourceOfNames(parcel, "2026-09", at)
    return link(vault, resource, table, source=source, today=at, matcher=matcher or NobodyNear())


def tokens(linking: Linking) -> list[str | None]:
    return linking.tokens["token"].to_pylist()


def checks(linking: Linking) -> list[tuple[int, str]]:
    return [(finding.identity, finding.check) for finding in linking.findings]
