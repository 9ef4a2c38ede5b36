"""One identifier, one look-up: the hot path's way to a subject. Who is not known at once is looked for the long way."""

from __future__ import annotations

from datetime import date
from typing import Protocol

from puhui.model.question import Mandate
from puhui.model.refusal import Said
from puhui.model.refusals import NoSubject
from puhui.model.refusals_question import SubjectUnknown
from puhui.model.subject import Identifier, Subject
from puhui.subjects.lookup import find
from puhui.subjects.vault import Vault


class Index(Protocol):
    """The keyed index of identifiers, as one question needs it."""

    def subject(self, mandate: Mandate, about: Identifier, today: date) -> Subject:
        """The subject of an identifier. Raises SubjectUnknown."""


class VaultIndex:
    """An Index over the vault. Not for several threads at once."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def subject(self, mandate: Mandate, about: Identifier, today: date) -> Subject:
        """The subject of an identifier, for a caller who may ask. Normal forms are found quickest."""
        token = self._vault.token_of(f"{about.kind}|{about.value}")
        if token:
            return Subject(token)
        try:
            return find(self._vault, about.kind, about.value, today=today)
        except NoSubject:
            raise SubjectUnknown(
                SubjectUnknown.meaning, todo=Said("核对标识", "check the identifier")
            ) from None  # fmt: skip
