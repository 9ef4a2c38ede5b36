"""The vault for several threads: each opens its own connection when it first asks, all see what was committed."""

from __future__ import annotations

import hmac
import threading
from collections.abc import Callable
from datetime import date

from puhui.ledger.records import SUBJECT
from puhui.model.question import Mandate
from puhui.model.subject import Identifier, Subject
from puhui.subjects.quick import VaultIndex
from puhui.subjects.vault import Vault


class VaultThreads:
    """Vaults by thread, of one zone. It is an Index of subjects and the `RecordKeys` of log and letters."""

    def __init__(self, open_vault: Callable[[], Vault]) -> None:
        self._open = open_vault
        self._local = threading.local()

    @property
    def vault(self) -> Vault:
        """This thread's vault."""
        found: Vault | None = getattr(self._local, "vault", None)
        if found is None:
            found = self._local.vault = self._open()
        return found

    def subject(self, mandate: Mandate, about: Identifier, today: date) -> Subject:
        """The subject of an identifier. Raises SubjectUnknown."""
        return VaultIndex(self.vault).subject(mandate, about, today)

    def key_for(self, subject: str) -> tuple[str, bytes] | None:
        """The key of a subject's records in the log: derived from the subject's own, so that it dies with it."""
        key = self.vault.subject_key(subject)
        return (SUBJECT, hmac.digest(key, b"log", "sha256")) if key is not None else None

    def open(self, key_id: str, subject: str) -> bytes | None:
        """The key that sealed; None: it is destroyed."""
        found = self.key_for(subject)
        return found[1] if found else None
