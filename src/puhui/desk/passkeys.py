"""What a browser is asked to sign with a subject's passkey, and the evidence that its reply is.

Promises: the challenge is the digest of the very document; a reply counts for the enrolled signer of that subject whose
passkey made it, and for nobody else. Whether it holds is looked at where every evidence is: when it is used.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from puhui.consent.evidence import WEBAUTHN, assertion_evidence, assertion_options, read_assertion
from puhui.consent.signers import Signer
from puhui.desk.letter_rooms import LetterRooms
from puhui.desk.letter_signing import not_enrolled
from puhui.desk.letter_states import ACTS, Word
from puhui.desk.letters import stored_letter
from puhui.desk.refused import GUARDED_LETTERS, LETTER, refusals_noted, token_of
from puhui.model.question import BasisKind
from puhui.model.subject import Identifier
from puhui.wire.letters import PasskeyEvidence, digest_of, read_letter

Response = Mapping[str, object]  # `PublicKeyCredential.toJSON()` of an assertion


def passkey_signer(rooms: LetterRooms, signer_id: str) -> Signer:
    """The enrolled passkey of that id. Raises SignerRefused: there is none, or it is a key."""
    with refusals_noted(rooms, LETTER, "sign-letter"):
        signer = rooms.signers.signer(signer_id)
        if signer is None or signer.state != "enrolled" or signer.algorithm != WEBAUTHN:
            raise not_enrolled()
        return signer


def signing_options(rooms: LetterRooms, signer: Signer, document: bytes) -> dict[str, Any]:
    """The options of the WebAuthn API under which a browser signs a document, in their JSON form; no identifier."""
    return assertion_options(digest_of(document), signer.credential, rooms.party)


def letter_assertion(rooms: LetterRooms, raw: bytes, response: Response) -> PasskeyEvidence:
    """The evidence under a letter. Raises NotVerified (no letter), SignerRefused, EvidenceRefused."""
    grantor = read_letter(raw).grantor
    return _assertion(rooms, token_of(rooms.find, Identifier(grantor.kind, grantor.value)), "sign-letter", response)


def act_assertion(rooms: LetterRooms, letter_id: str, word: Word, response: Response) -> PasskeyEvidence:
    """The evidence under a pause, resumption or revocation. Raises UnknownName, SignerRefused, EvidenceRefused."""
    letter = stored_letter(rooms, letter_id).letter
    subject = letter.subject if letter.basis is BasisKind.LETTER else ""  # other bases may be hidden from theirs
    return _assertion(rooms, lambda: subject, ACTS[word], response)


def decline_assertion(rooms: LetterRooms, grantor: Identifier, response: Response) -> PasskeyEvidence:
    """The evidence under a "no" to a proposal. Raises SignerRefused, EvidenceRefused."""
    return _assertion(rooms, token_of(rooms.find, grantor), ACTS["declined"], response)


def _assertion(rooms: LetterRooms, whose: Callable[[], str], act: str, response: Response) -> PasskeyEvidence:
    with refusals_noted(rooms, LETTER, act, about=whose, guarded=GUARDED_LETTERS):
        assertion, token = read_assertion(response), whose()
        held = rooms.signers.signers_of(token) if token else ()
        for signer in held:
            if (signer.algorithm, signer.state, signer.credential) == (WEBAUTHN, "enrolled", assertion.raw_id):
                return assertion_evidence(assertion, signer.public, rooms.party)
        raise not_enrolled()
