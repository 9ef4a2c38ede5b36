"""What the stories of letters and signers need from outside; bootstrap fills it."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from puhui.consent.book import LetterBook
from puhui.consent.evidence import RelyingParty
from puhui.consent.proposals import ProposalRules
from puhui.consent.sealing import RecordKeys
from puhui.consent.signers import Register, SignerBook
from puhui.desk.refused import Refusals
from puhui.desk.representatives import RelationRegister
from puhui.desk.roles import OfficerBook
from puhui.desk.rooms import DeskRooms
from puhui.model.keys import KeyStore
from puhui.model.refusal import Said
from puhui.model.refusals import NoSubject
from puhui.model.subject import Identifier, Subject
from puhui.packs.packset import PackSet
from puhui.subjects.lookup import find
from puhui.subjects.vault import Vault


@dataclass(frozen=True, slots=True)
class LetterRooms:
    """Tables, keys and look-ups of letters. `zone`: as documents name it (`puhui/360500/a1`)."""

    zone: str
    packs: PackSet
    book: LetterBook
    signers: SignerBook
    register: Register
    find: Callable[[Identifier], Subject]  # raises NoSubject
    index: Callable[[str], bytes]  # keyed digest of a text, under a key that stays in the zone
    records: RecordKeys
    keys: KeyStore  # for what nobody signed yet
    officers: OfficerBook
    refusals: Refusals
    party: RelyingParty
    now: Callable[[], datetime]
    proposals: ProposalRules = field(default_factory=ProposalRules)


class VaultRecordKeys:
    """`RecordKeys` out of the vault: derived from the subject's own key, so that it dies with it."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def record_key(self, token: str) -> bytes:
        key = self._vault.subject_key(token)
        if key is None:
            raise NoSubject(
                Said("没有这个主体，或已依法删除", "there is no such subject, or it was erased"),
                todo=Said("核对主体", "check the subject"),
            )
        return hmac.digest(key, b"letters", "sha256")


def letter_rooms(
    desk: DeskRooms,
    book: LetterBook,
    signers: SignerBook,
    records: RecordKeys,
    keys: KeyStore,
    party: RelyingParty,
) -> LetterRooms:
    """The rooms of letters in a zone whose desk is open."""
    return LetterRooms(
        zone=desk.partners.zone,
        packs=desk.packs,
        book=book,
        signers=signers,
        register=RelationRegister(desk),
        find=lambda about: find(desk.vault, about.kind, about.value, today=desk.now().date()),
        index=lambda text: bytes(desk.vault.digests([text.encode()])[0]),
        records=records,
        keys=keys,
        officers=desk.officers,
        refusals=desk.refusals,
        party=party,
        now=desk.now,
    )
