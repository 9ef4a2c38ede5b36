"""What the log commits to: the record of an answer, or of a refusal with its true code. Both are RFC 8785 bytes."""

from __future__ import annotations

from base64 import b64encode
from datetime import date, datetime
from decimal import Decimal
from typing import Literal, Protocol

from msgspec import UNSET

from puhui.model.figures import Value
from puhui.model.question import Question, Release, ReleasedItem, ReleaseKind
from puhui.model.refusals_question import QuestionRefused
from puhui.wire.answers import BasisForm, ItemForm, RecordForm, encode_record, moment
from puhui.wire.canonical import canonical

_FORMS: dict[ReleaseKind, Literal["value", "band", "flag", "withheld"]] = {
    ReleaseKind.VALUE: "value",
    ReleaseKind.BAND: "band",
    ReleaseKind.FLAG: "flag",
    ReleaseKind.WITHHELD: "withheld",
}
_SAFE = 2**53 - 1  # larger integers are no JSON numbers (RFC 7493)


def answer_record(release: Release, question: Question, origin: str, at: datetime) -> bytes:
    """The record of an answer, as docs/explanation/question-contract.md shows it. `origin`: of the zone's log."""
    permit = release.permit
    mandate = permit.mandate
    return encode_record(
        RecordForm(
            about=permit.pseudonym,
            as_of=release.as_of.isoformat(),
            at=moment(at),
            basis=_basis(release),
            channel=mandate.channel,
            contract=mandate.contract,
            editions=release.editions,
            end_user=mandate.end_user,
            institution=mandate.caller.institution,
            items=tuple(map(item_form, release.items)),
            key_id=question.key_id,
            kind="answer",
            known_at=moment(release.known_at),
            pack_set=release.pack_set,
            product=mandate.product,
            purpose=mandate.purpose,
            question=b64encode(question.digest).decode(),
            retention_days=permit.retention_days,
            snapshot=release.snapshot,
            v=1,
            zone=origin,
        )
    )


class Asking(Protocol):
    """What a refusal's entry says of a question, or of a request that would have changed something."""

    @property
    def key_id(self) -> str: ...
    @property
    def digest(self) -> bytes: ...
    @property
    def content(self) -> bytes: ...
    @property
    def nonce(self) -> str: ...
    @property
    def product(self) -> str: ...
    @property
    def purpose(self) -> str: ...
    @property
    def end_user(self) -> str: ...


def refusal_record(refusal: QuestionRefused, question: Asking, institution: str, origin: str, at: datetime) -> bytes:
    """The record of a refusal with its true code; the identifier that was asked about is not in it."""
    return canonical(
        {
            "article": refusal.article,
            "at": moment(at),
            "code": refusal.code,
            "end_user": question.end_user,
            "institution": institution,
            "key_id": question.key_id,
            "kind": "refusal",
            "product": question.product,
            "purpose": question.purpose,
            "question": b64encode(question.digest).decode(),
            "v": 1,
            "zone": origin,
        }
    )


def look_record(question: Asking, institution: str, monitor: str, origin: str, at: datetime) -> bytes:
    """The record of a monitor's look that crossed no limit: somebody's data were read, and nobody was told anything."""
    return canonical(
        {
            "at": moment(at),
            "event": "monitor-looked",
            "institution": institution,
            "key_id": question.key_id,
            "kind": "access",
            "monitor": monitor,
            "product": question.product,
            "purpose": question.purpose,
            "v": 1,
            "zone": origin,
        }
    )


def _basis(release: Release) -> BasisForm | None:
    basis = release.permit.basis
    if basis is None:
        return None
    return BasisForm(digest=b64encode(release.permit.basis_digest).decode(), id=basis.id, kind=basis.kind.value)


def item_form(item: ReleasedItem) -> ItemForm:
    """One item as a record states it."""
    shown = plain(item.value) if item.known else None
    return ItemForm(
        coverage=item.coverage or UNSET,
        definition=item.definition,
        flags=item.flags or UNSET,
        form=_FORMS[item.kind],
        known=item.known,
        name=item.name,
        reason=UNSET if item.reason is None else str(item.reason),
        unit=item.unit,
        value=UNSET if shown is None else shown,
    )


def plain(value: Value | None) -> str | int | bool | None:
    """A value as JSON: decimals and dates are texts, integers beyond 2^53 too."""
    kind = type(value)
    if kind is Decimal:
        return format(value, "f")
    if kind is int:
        return value if -_SAFE <= value <= _SAFE else str(value)  # type: ignore[operator,return-value]
    return value.isoformat() if isinstance(value, date) else value  # type: ignore[return-value]
