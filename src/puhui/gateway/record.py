"""What the log commits to: the record of an answer, or of a refusal with its true code. Both are RFC 8785 bytes."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from puhui.disclosure.let_out import Source
from puhui.disclosure.rules import OutRule
from puhui.model.question import Question, Release, ReleasedItem
from puhui.model.refusals_question import QuestionRefused
from puhui.wire.answers import BasisForm, ItemForm, RecordOf, encode_record, moment
from puhui.wire.canonical import canonical, quick


def answer_record(release: Release, question: Question, origin: str, at: datetime) -> bytes:
    """The record of an answer, as docs/explanation/question-contract.md shows it. `origin`: of the zone's log."""
    permit = release.permit
    mandate = permit.mandate
    return encode_record(
        RecordOf(
            about=permit.pseudonym,
            as_of=release.as_of.isoformat(),
            at=moment(at),
            basis=_basis(release),
            channel=mandate.channel,
            contract=mandate.contract,
            editions=release.editions,
            end_user=mandate.end_user,
            institution=mandate.caller.institution,
            items=release.items,
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
    """One item as it stands in a record."""
    return msgspec.json.decode(quick(item), type=ItemForm)


def template_of(rules: Sequence[OutRule], source: Source, product: str) -> bytes:
    """What the records of a product over one snapshot share: nobody is in it (`ledger.templates`)."""
    return encode_record(
        RecordOf(
            about="",
            as_of=source.as_of.isoformat(),
            at=moment(source.known_at),
            basis=None,
            channel="",
            contract="",
            editions=source.editions,
            end_user="",
            institution="",
            items=tuple(ReleasedItem(rule.name, rule.form, rule.unit, rule.definition, True, 0) for rule in rules),
            key_id="",
            kind="answer",
            known_at=moment(source.known_at),
            pack_set=source.pack_set,
            product=product,
            purpose="",
            question="",
            retention_days=0,
            snapshot=source.snapshot,
            v=1,
            zone="",
        )
    )
