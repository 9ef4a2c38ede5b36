"""A proper "no": one root, a stable code, whose fault it is, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Fault(StrEnum):
    """Whose fault a refusal is."""

    SUPPLIER = "supplier"  # the agency that delivered
    PACK = "pack"  # the author of a pack
    OPERATOR = "operator"  # whoever runs the command
    CALLER = "caller"  # who asks for a figure
    ZONE = "zone"  # ourselves: disk, key, database


@dataclass(frozen=True, slots=True)
class Said:
    """One text in the two languages that people see."""

    zh: str
    en: str

    def in_language(self, language: str) -> str:
        return self.en if language.startswith("en") else self.zh


class Refusal(Exception):
    """The one root of every proper "no". Each code is a class of its own in `refusals`.

    Message texts carry no identifier and no personal datum: tokens, digests, field names and line numbers only.
    """

    code: str = "refused"
    fault: Fault = Fault.ZONE
    exit_code: int = 1
    meaning: Said = Said("被拒绝", "refused")  # of the code, for its page; what happened is in `said`
    noted: bool = False  # whether its event is written

    def __init__(self, said: Said, *, todo: Said, article: str = "", where: str = "") -> None:
        super().__init__(said.en)
        self.said = said
        self.todo = todo
        self.article = article
        self.where = where

    def as_dict(self) -> dict[str, object]:
        """The refusal as every `--json` prints it."""
        return {
            "refused": self.code,
            "fault": self.fault.value,
            "message": {"zh": self.said.zh, "en": self.said.en},
            "todo": {"zh": self.todo.zh, "en": self.todo.en},
            "article": self.article,
            "where": self.where,
        }


@dataclass(frozen=True, slots=True)
class Mistake:
    """One mistake in a pack: file, line from 1, a stable code, and what is wrong."""

    file: str
    line: int
    code: str
    said: Said
    article: str = ""
    column: str = field(default="")
    clause: str = field(default="")
