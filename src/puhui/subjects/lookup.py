"""From an identifier to its subject, and from a subject to what the vault knows: for officers, whose look the
caller records before it is shown.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import pyarrow as pa

from puhui.model.identifiers import BY_FORM
from puhui.model.refusal import Said
from puhui.model.refusals import NoSubject
from puhui.model.subject import Identifier, Subject
from puhui.subjects.reading import FORMS, written
from puhui.subjects.vault import DetailEntry, NameEntry, Vault


@dataclass(frozen=True, slots=True)
class History:
    """What the vault holds of a subject: identifiers, names and details, oldest first. Personal data."""

    subject: Subject
    created: str
    identifiers: tuple[Identifier, ...]
    names: tuple[NameEntry, ...] = field(repr=False)
    details: tuple[DetailEntry, ...] = field(repr=False)


def find(vault: Vault, kind: str, value: str, *, today: date) -> Subject:
    """The subject of an identifier. `kind`: as in packs, or `by_form`. Raises NoSubject."""
    kinds = FORMS if kind == BY_FORM else (kind,)
    texts, _ = written(pa.array([value], pa.string()), kinds, today)
    text = texts[0].as_py()
    token = vault.tokens_of(texts)[0].as_py() if text else None
    if not token:
        raise _none()
    return Subject(token)


def history(vault: Vault, subject: Subject) -> History:
    """Identifiers, names and details of a subject. Raises NoSubject if it is unknown or erased."""
    opened = vault.open_records([subject.token]).get(subject.token)
    if opened is None:
        raise _none()
    record = opened.record
    identifiers = tuple(Identifier(kind, value) for kind, value in record.identifiers)
    return History(subject, opened.created, identifiers, tuple(record.names), tuple(record.details))


def _none() -> NoSubject:
    return NoSubject(
        Said("没有这个标识对应的主体，或标识无效", "no subject has this identifier, or it is not valid"),
        todo=Said("核对标识的种类和写法", "check the kind and the spelling of the identifier"),
    )
