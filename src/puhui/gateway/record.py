"""What the log commits to: the record of an answer, or of a refusal with its true code. Both are RFC 8785 bytes."""

from __future__ import annotations

from base64 import b64encode
from datetime import date, datetime
from decimal import Decimal

from msgspec import UNSET

from puhui.model.figures import Value
from puhui.model.question import Question, Release, ReleasedItem, ReleaseKind
from puhui.model.refusals_question import QuestionRefused
from puhui.wire.answers import BasisForm, ItemForm, RecordForm, encode_record, moment
from puhui.wire.canonical import canonical

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


def refusal_record(refusal: QuestionRefused, question: Question, institution: str, origin: str, at: datetime) -> bytes:
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
        form=item.kind.value,
        known=item.known and item.kind is not ReleaseKind.WITHHELD,
        name=item.name,
        reason=UNSET if item.reason is None else str(item.reason),
        unit=item.unit,
        value=UNSET if shown is None else shown,
    )


def plain(value: Value | None) -> str | int | bool | None:
    """A value as JSON: decimals and dates are texts, integers beyond 2^53 too."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, int) and not isinstance(value, bool) and not -_SAFE <= value <= _SAFE:
        return str(value)
    return value
