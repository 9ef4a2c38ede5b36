"""Subjects and their identifiers. A token names a subject inside the zone and says nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class SubjectKind(StrEnum):
    """The four kinds of subject, and sole traders, who count as persons where a gate is looked up."""

    ENTERPRISE = "enterprise"
    SOLE_TRADER = "sole_trader"
    PUBLIC_INSTITUTION = "public_institution"
    SOCIAL_ORGANISATION = "social_organisation"
    PERSON = "person"

    @property
    def letter(self) -> str:
        return _LETTERS[self]


_LETTERS = {
    SubjectKind.ENTERPRISE: "E",
    SubjectKind.SOLE_TRADER: "I",
    SubjectKind.PUBLIC_INSTITUTION: "U",
    SubjectKind.SOCIAL_ORGANISATION: "S",
    SubjectKind.PERSON: "P",
}
KIND_OF_LETTER = {letter: kind for kind, letter in _LETTERS.items()}
_KIND_OF_USCC = {
    "92": SubjectKind.SOLE_TRADER,
    "12": SubjectKind.PUBLIC_INSTITUTION,
    "51": SubjectKind.SOCIAL_ORGANISATION,
    "52": SubjectKind.SOCIAL_ORGANISATION,
    "53": SubjectKind.SOCIAL_ORGANISATION,
}
TOKEN_KIND_AT = 8  # 6-digit city, 2-character zone, then the kind's letter


def kind_of_uscc(code: str) -> SubjectKind:
    """The kind that a credit code's first two characters state (GB 32100-2015, table 1)."""
    return _KIND_OF_USCC.get(code[:2], SubjectKind.ENTERPRISE)


@dataclass(frozen=True, slots=True)
class Identifier:
    """A kind (`uscc`, `ric`, `reg_no`, `org_code`, `tax_no`, `local:<namespace>`) and its normal form."""

    kind: str
    value: str

    def __repr__(self) -> str:  # identifiers never reach a log or an error text
        return f"Identifier({self.kind!r}, '…')"


@dataclass(frozen=True, slots=True)
class Subject:
    """The zone's token of a firm or a person; never the identifier. Made by `subjects` alone."""

    token: str

    @property
    def kind(self) -> SubjectKind:
        return KIND_OF_LETTER[self.token[TOKEN_KIND_AT]]


def bucket_of(token: str, buckets: int) -> int:
    """The bucket of a token: its last two hex digits modulo `buckets` (a power of two, at most 256)."""
    return int(token[-2:], 16) % buckets
