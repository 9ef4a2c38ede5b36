"""The closed set of what an answer may rest on, and the rules of each kind.

| kind | about | purposes | may open | gives way to the trace |
|---|---|---|---|---|
| letter | who signed it | all but supervision | what its ticks say | at once |
| application | who applied, to the body that handles it | welfare, medical | what the application names | at once |
| duty | whoever the duty concerns | supervision, welfare | what the duty names | at once |
| order | the one whom the order names | supervision | what the order names | when the order has ended |

Nothing but a letter opens lending or guarantee, and nothing at all opens what is prohibited.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from puhui.consent.letter import Letter, State
from puhui.model.question import BasisKind
from puhui.model.refusal import Said
from puhui.model.refusals_question import LetterRefused
from puhui.packs.forms import GATES
from puhui.wire.letters import Window

PURPOSES: Mapping[BasisKind, frozenset[str]] = {
    BasisKind.LETTER: frozenset(("lending", "guarantee", "medical", "welfare", "research")),
    BasisKind.APPLICATION: frozenset(("welfare", "medical")),
    BasisKind.DUTY: frozenset(("supervision", "welfare")),
    BasisKind.ORDER: frozenset(("supervision",)),
}
BODIES = ("agency", "court", "regulator", "hospital")  # kinds of institution that may hold a basis other than a letter
_RANK: Mapping[str, int] = {gate: rank for rank, gate in enumerate(GATES)}


@dataclass(frozen=True, slots=True)
class PublicBasis:
    """An application, a duty or an order as two officers record it.

    `article`: the law that it stands on. `reference`: the body's number of the case, order or application; sealed at
    rest. `subject`: a token; empty for a duty, which concerns whomever it says.
    """

    kind: BasisKind
    institution: str
    subject: str
    purpose: str
    items: Mapping[str, str]
    article: str
    reference: str = field(repr=False)
    range_months: int
    cap: int
    window: Window
    retention_days: int
    start: datetime
    end: datetime
    body: str = ""  # the institution's kind, by its admission record


def opens(tick: str, gate: str) -> bool:
    """Whether a tick of one gate is enough for another. Nothing opens `prohibited`, and it opens nothing."""
    return "prohibited" not in (tick, gate) and _RANK.get(tick, -1) >= _RANK[gate]


def check_public(basis: PublicBasis) -> None:
    """Raises LetterRefused that names the attribute which the kind's rules do not allow."""
    wrong = _wrong(basis)
    if wrong:
        raise LetterRefused(
            Said(f"{basis.kind} 类依据的 {wrong} 不合规则", f"{wrong} does not fit a basis of the kind {basis.kind}"),
            todo=Said("按该类依据的规则登记", "record it by the rules of its kind"),
            where=wrong,
        )


def _wrong(basis: PublicBasis) -> str:
    if basis.kind is BasisKind.LETTER:
        return "kind"
    if basis.body not in BODIES or (basis.kind is BasisKind.ORDER and basis.body not in ("court", "regulator")):
        return "institution"
    if basis.purpose not in PURPOSES[basis.kind]:
        return "purpose"
    if bool(basis.subject) == (basis.kind is BasisKind.DUTY):
        return "subject"
    if not basis.article.strip() or not basis.reference.strip():
        return "article" if not basis.article.strip() else "reference"
    if not basis.items or any(gate not in _RANK or gate == "prohibited" for gate in basis.items.values()):
        return "items"
    return "" if basis.start < basis.end else "end"


def concerns(letter: Letter, token: str) -> bool:
    """Whether a basis is about a subject."""
    return letter.subject == token or (letter.basis is BasisKind.DUTY and letter.subject == "")


def hidden_until(letter: Letter) -> datetime | None:
    """Until when its uses are hidden from the subject's trace (they are logged and counted all the same), or None.

    An order that is lifted early has ended: its uses show from then on.
    """
    if letter.basis is not BasisKind.ORDER or letter.state in (State.REVOKED, State.EXPIRED):
        return None
    return letter.end
