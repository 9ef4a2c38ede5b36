"""The offline verification of an answer: every promise of it is looked at, and told by name whether it holds.

Nothing of the zone is needed, and no network: the answer file, the trust file and, where there is one, the letter. What
an unknown key signed does not hold. An answer is valid where no check fails; a check whose matter was not given (a
letter that nobody enclosed) is told as absent, one that stands on a failed one as unreached.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from puhui.model.refusal import Refusal, Said
from puhui.wire import verify_log as log
from puhui.wire import verify_matter as matter
from puhui.wire import verify_question as question
from puhui.wire.trust import Trust
from puhui.wire.verify_case import Case, Check, EvidenceCheckers, Outcome

__all__ = ("Check", "EvidenceCheckers", "Outcome", "Report", "verify_answer")

Look = Callable[[Case], Said | Check]


@dataclass(frozen=True, slots=True)
class Report:
    """What the verification found. `witnesses`: names of those whose cosignatures counted."""

    checks: tuple[Check, ...]
    id: str = ""
    zone: str = ""
    institution: str = ""
    at: str = ""
    index: int | None = None
    tree_size: int | None = None
    witnesses: tuple[str, ...] = ()
    quorum: int = 0

    @property
    def valid(self) -> bool:
        """Whether nothing fails, and nothing stayed unreached."""
        return all(check.outcome in (Outcome.HOLDS, Outcome.ABSENT) for check in self.checks)

    def as_dict(self) -> dict[str, object]:
        """The report as `--json` prints it."""
        checks = [
            {"name": check.name, "outcome": check.outcome.value, "message": {"zh": check.said.zh, "en": check.said.en}}
            for check in self.checks
        ]
        return {
            "valid": self.valid,
            "checks": checks,
            "id": self.id,
            "zone": self.zone,
            "institution": self.institution,
            "at": self.at,
            "index": self.index,
            "tree_size": self.tree_size,
            "witnesses": list(self.witnesses),
            "quorum": self.quorum,
        }


def verify_answer(
    file_bytes: bytes,
    trust: Trust,
    now: datetime | None = None,
    letter: bytes | None = None,
    checkers: EvidenceCheckers | None = None,
) -> Report:
    """What holds of the answer file, check by check. Never raises for what the file or the letter says.

    `now`: the moment of looking, in UTC; nothing may be from after it. None: the future is not looked at. `letter`: a
    letter file or a letter's canonical document. `checkers`: without them only evidence by a key can be checked.
    """
    case = Case(file_bytes, trust, now, [] if letter is None else [letter], checkers)
    checks: list[Check] = []
    held: set[str] = set()
    for name, needs, look in _CHECKS:
        check = _checked(name, look, case) if held.issuperset(needs) else Check(name, Outcome.UNREACHED, _UNREACHED)
        checks.append(check)
        if check.outcome is Outcome.HOLDS:
            held.add(name)
    return _report(tuple(checks), case, "file-form" in held)


def _checked(name: str, look: Look, case: Case) -> Check:
    try:
        found = look(case)
    except Refusal as refusal:
        return Check(name, Outcome.FAILS, refusal.said)
    except (ValueError, OverflowError) as error:  # a note, a proof or a time of another form
        return Check(name, Outcome.FAILS, Said("格式不符合规定", f"not of its form: {error}"))
    return found if isinstance(found, Check) else Check(name, Outcome.HOLDS, found)


def _report(checks: tuple[Check, ...], case: Case, read: bool) -> Report:
    if not read:
        return Report(checks, quorum=case.trust.quorum)
    form = case.body.form
    return Report(
        checks,
        id=form.id,
        zone=form.record.zone,
        institution=form.record.institution,
        at=form.record.at,
        index=form.receipt.index,
        tree_size=form.receipt.tree_size,
        witnesses=case.witnesses,
        quorum=case.trust.quorum,
    )


_UNREACHED = Said("所依赖的检查未通过", "a check that this one stands on does not hold")
_FORM, _ASKED, _BOUND, _SIGNED = "file-form", "question-signature", "question-binding", "answer-signature"
_CHECKS: tuple[tuple[str, tuple[str, ...], Look], ...] = (
    (_FORM, (), question.file_form),
    (_ASKED, (_FORM,), question.question_signature),
    (_BOUND, (_ASKED,), question.question_binding),
    (_SIGNED, (_ASKED,), question.answer_signature),
    ("letter-digest", (_BOUND,), matter.letter_digest),
    ("letter-evidence", (_SIGNED,), matter.letter_evidence),
    ("definitions", (_FORM,), matter.definitions),
    ("editions", (_FORM,), matter.editions),
    ("commitment", (_FORM,), log.commitment),
    ("checkpoint", (_SIGNED,), log.checkpoint),
    ("checkpoint-sm2", ("checkpoint",), log.checkpoint_sm2),
    ("inclusion", ("commitment", "checkpoint"), log.inclusion),
    ("cosignatures", ("checkpoint",), log.cosignatures),
    ("validity", (_SIGNED,), question.validity),
)
