"""Every refusal code of the house. `docs/reference/refusals.md` is generated from this file."""

from __future__ import annotations

from collections.abc import Sequence

from puhui.model.refusal import Fault, Mistake, Refusal, Said


class PackRefused(Refusal):
    """The pack has mistakes; all of them are in `mistakes`. Nothing of it was loaded."""

    code = "pack-refused"
    fault = Fault.PACK
    exit_code = 3

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        n = len(mistakes)
        super().__init__(
            Said(f"数据包有 {n} 处错误，未加载", f"the pack has {n} mistakes and was not loaded"),
            todo=Said("按列出的文件和行号逐一改正", "mend each at the file and line that is named"),
        )
        self.mistakes = tuple(mistakes)

    def as_dict(self) -> dict[str, object]:
        listed = [
            {
                "file": m.file,
                "line": m.line,
                "code": m.code,
                "message": {"zh": m.said.zh, "en": m.said.en},
                "article": m.article,
                "column": m.column,
                "clause": m.clause,
            }
            for m in self.mistakes
        ]
        return {**super().as_dict(), "mistakes": listed}


class UnknownName(Refusal):
    """A resource, indicator, snapshot, parcel … of that name does not exist here."""

    code = "unknown-name"
    fault = Fault.OPERATOR
    exit_code = 2


class HomeRefused(Refusal):
    """The home folder is not a zone, is one already, or was made by a newer version."""

    code = "home-refused"
    fault = Fault.OPERATOR
    exit_code = 2


class ParcelUnreadable(Refusal):
    """The file cannot be read in the form it claims: encoding, archive, sheet, XML."""

    code = "parcel-unreadable"
    fault = Fault.SUPPLIER
    exit_code = 4


class ParcelMismatch(Refusal):
    """Manifest and file disagree: rows, digest, resource, period or signature."""

    code = "parcel-mismatch"
    fault = Fault.SUPPLIER
    exit_code = 4


class ParcelSecret(Refusal):
    """The parcel is marked as a state or work secret; nothing of it was stored."""

    code = "parcel-secret"
    fault = Fault.SUPPLIER
    exit_code = 4


class ParcelUnmapped(Refusal):
    """No mapping fits the file's header; a proposal is in `where` or printed."""

    code = "parcel-unmapped"
    fault = Fault.OPERATOR
    exit_code = 4


class ParcelOverThreshold(Refusal):
    """More rows than the resource allows were set aside, or a check of severity `refuse` failed."""

    code = "parcel-over-threshold"
    fault = Fault.SUPPLIER
    exit_code = 4


class Busy(Refusal):
    """Another process writes this table; a lease lets one writer in."""

    code = "busy"
    fault = Fault.ZONE
    exit_code = 5


class Broken(Refusal):
    """Stored bytes do not match their digest or key: a disk fault or tampering."""

    code = "broken"
    fault = Fault.ZONE
    exit_code = 6


class NotAllowed(Refusal):
    """The act needs an officer, a second person or a reason that was not given."""

    code = "not-allowed"
    fault = Fault.OPERATOR
    exit_code = 7


class LegalHold(Refusal):
    """The law keeps the record for longer than the erasure asks."""

    code = "legal-hold"
    fault = Fault.OPERATOR
    exit_code = 7


class NoSubject(Refusal):
    """No subject has this identifier, or it is not a valid one."""

    code = "no-subject"
    fault = Fault.CALLER
    exit_code = 8


class NoSnapshot(Refusal):
    """There is no snapshot yet, or not of that number."""

    code = "no-snapshot"
    fault = Fault.OPERATOR
    exit_code = 8


class WrongFigures(Refusal):
    """An indicator's SQL gives what its head does not say: another type, or more than one row for a subject."""

    code = "wrong-figures"
    fault = Fault.PACK
    exit_code = 3


class EngineRefused(Refusal):
    """The engine could not run a query of a plan: a type that does not fit, or a number past 38 digits."""

    code = "engine-refused"
    fault = Fault.PACK
    exit_code = 3
