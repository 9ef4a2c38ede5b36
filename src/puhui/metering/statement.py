"""A month's statement to an institution, out of the questions that the log counted.

Promises: it lists every question of the month once, in the order of the log; its count and digest can be made again
from the log's entries alone, so that both sides and an auditor see the same bill. Answers name their entry and,
through it, its proof; no subject, token or pseudonym is in it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Protocol

COLUMNS = ("entry", "at", "id", "contract", "product", "end_user", "code", "price_fen", "commitment")


class AskedQuestion(Protocol):
    """What a statement reads of a question that the log counted."""

    @property
    def entry(self) -> int: ...
    @property
    def at(self) -> datetime: ...
    @property
    def answer_id(self) -> str: ...
    @property
    def contract(self) -> str: ...
    @property
    def product(self) -> str: ...
    @property
    def end_user(self) -> str: ...
    @property
    def code(self) -> str: ...
    @property
    def price_fen(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Line:
    """One question. `code` empty: answered. `commitment`: the log's leaf, hex."""

    entry: int
    at: str
    id: str
    contract: str
    product: str
    end_user: str
    code: str
    price_fen: int
    commitment: str


@dataclass(frozen=True, slots=True)
class Total:
    """What a product of a contract comes to."""

    contract: str
    product: str
    asked: int
    answered: int
    fen: int


@dataclass(frozen=True, slots=True)
class Statement:
    """One institution's month. `digest`: see `digest_of`; `tree_size`: of the log when the statement was made."""

    institution: str
    month: str
    tree_size: int
    lines: tuple[Line, ...]
    totals: tuple[Total, ...]
    digest: str

    @property
    def fen(self) -> int:
        """The bill."""
        return sum(line.price_fen for line in self.lines)

    def as_dict(self) -> dict[str, Any]:
        """The statement as JSON says it."""
        return {
            "v": 1,
            "institution": self.institution,
            "month": self.month,
            "tree_size": self.tree_size,
            "questions": len(self.lines),
            "answered": sum(not line.code for line in self.lines),
            "fen": self.fen,
            "digest": self.digest,
            "totals": [{name: getattr(total, name) for name in Total.__slots__} for total in self.totals],
            "lines": [{name: getattr(line, name) for name in COLUMNS} for line in self.lines],
        }

    def as_csv(self) -> str:
        """The lines under a header, and nothing else: RFC 4180, UTF-8. Its sum of price_fen is the bill."""
        out = io.StringIO()
        writer = csv.writer(out)
        writer.writerow(COLUMNS)
        writer.writerows([getattr(line, name) for name in COLUMNS] for line in self.lines)
        return out.getvalue()


def statement_of(
    institution: str, month: str, asked: Iterable[tuple[AskedQuestion, bytes]], *, tree_size: int
) -> Statement:
    """The statement of these questions, each with the log's leaf of its entry, in the order of the log."""
    lines = tuple(_line(question, commitment) for question, commitment in asked)
    return Statement(institution, month, tree_size, lines, _totals(lines), digest_of(lines))


def digest_of(lines: Iterable[Line]) -> str:
    """SHA-256, hex, over `index SP commitment SP price LF` of each line: what log and bill agree on."""
    digest = sha256()
    for line in lines:
        digest.update(f"{line.entry} {line.commitment} {line.price_fen}\n".encode())
    return digest.hexdigest()


def _line(question: AskedQuestion, commitment: bytes) -> Line:
    at = question.at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{question.at.microsecond // 1000:03d}Z"
    return Line(
        question.entry,
        at,
        question.answer_id,
        question.contract,
        question.product,
        question.end_user,
        question.code,
        question.price_fen,
        commitment.hex(),
    )


def _totals(lines: Iterable[Line]) -> tuple[Total, ...]:
    sums: dict[tuple[str, str], list[int]] = {}
    for line in lines:
        found = sums.setdefault((line.contract, line.product), [0, 0, 0])
        found[0] += 1
        found[1] += not line.code
        found[2] += line.price_fen
    return tuple(Total(*name, *found) for name, found in sorted(sums.items()))
