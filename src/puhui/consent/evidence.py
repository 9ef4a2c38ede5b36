"""Evidence of a signature, in three ways: a key, a passkey, two officers who attended. It verifies offline too.

Promises: evidence is of one digest, one purpose and one signer. A passkey counts only with the user verified, on the
zone's own origin, and with a sign count that grew where the authenticator counts. Two officers are two.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from webauthn import generate_registration_options, verify_authentication_response, verify_registration_response
from webauthn.helpers import bytes_to_base64url, options_to_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import AuthenticatorSelectionCriteria, UserVerificationRequirement

from puhui.model.refusal import Said
from puhui.model.refusals_question import EvidenceRefused, NotVerified
from puhui.wire.keys import ED25519, verifying
from puhui.wire.letters import (
    AttendedEvidence,
    Evidence,
    KeyEvidence,
    PasskeyEvidence,
    attended_message,
    bytes_of,
    key_evidence_holds,
    text_of,
)

WEBAUTHN = "webauthn"
# the library also trips over bytes that are no COSE key or no authenticator data at all
_NOT_HELD = (WebAuthnException, ValueError, LookupError, TypeError)


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """Who the zone is to an authenticator: the domain, and the origins on which letters are signed."""

    rp_id: str
    origins: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EnrolledKey:
    """The public half that an evidence must be of. `sign_count`: of a passkey, as it was last seen."""

    algorithm: str
    public: bytes = field(repr=False)
    sign_count: int = 0


def check_evidence(
    evidence: Evidence,
    domain: str,
    digest: bytes,
    *,
    enrolled: EnrolledKey | None,
    officers: Mapping[str, bytes],
    party: RelyingParty,
) -> int:
    """The passkey's new sign count (0 otherwise). `enrolled`: the signer's key; None: two officers attended.

    Raises EvidenceRefused.
    """
    match evidence:
        case AttendedEvidence() if enrolled is None:
            if not attended_holds(evidence, domain, digest, officers):
                raise _refused("attended")
        case KeyEvidence() if enrolled is not None:
            same = (evidence.algorithm, _raw(evidence.public)) == (enrolled.algorithm, enrolled.public)
            if not same or not key_evidence_holds(evidence, domain, digest):
                raise _refused("key")
        case PasskeyEvidence() if enrolled is not None:
            if enrolled.algorithm != WEBAUTHN or _raw(evidence.public) != enrolled.public:
                raise _refused("passkey")
            return _passkey_count(evidence, digest, party, enrolled.sign_count)
        case _:
            raise _refused("way")
    return 0


def attended_holds(evidence: AttendedEvidence, domain: str, digest: bytes, officers: Mapping[str, bytes]) -> bool:
    """Whether two different registered officers, with two different keys, signed for this paper and this digest."""
    first, second = evidence.officers
    if first.name == second.name or first.public == second.public or not evidence.reference.strip():
        return False
    return all(
        one.name in officers
        and _raw(one.public) == officers[one.name]
        and verifying(one.name, ED25519, officers[one.name]).verify(
            attended_message(domain, digest, one.name, evidence.reference), _raw(one.signature)
        )
        for one in evidence.officers
    )


def passkey_holds(evidence: PasskeyEvidence, digest: bytes, party: RelyingParty) -> bool:
    """Whether the assertion is that passkey's over the digest, offline: its sign count cannot be looked at."""
    try:
        _passkey_count(evidence, digest, party, 0)
    except EvidenceRefused:
        return False
    return True


def _passkey_count(evidence: PasskeyEvidence, digest: bytes, party: RelyingParty, known: int) -> int:
    if evidence.rp_id != party.rp_id or evidence.origin not in party.origins:
        raise _refused("origin")
    credential = bytes_to_base64url(digest)  # the library compares the id with itself; whose key it is we know
    parts = {name: bytes_to_base64url(_raw(text)) for name, text in _response(evidence).items()}
    try:
        verified = verify_authentication_response(
            credential={"id": credential, "rawId": credential, "type": "public-key", "response": parts},
            expected_challenge=digest,
            expected_rp_id=party.rp_id,
            expected_origin=evidence.origin,
            credential_public_key=_raw(evidence.public),
            credential_current_sign_count=known,
            require_user_verification=True,
        )
    except _NOT_HELD:
        raise _refused("passkey") from None
    if not verified.user_verified:
        raise _refused("user-verified")
    return verified.new_sign_count


def _response(evidence: PasskeyEvidence) -> dict[str, str]:
    return {
        "clientDataJSON": evidence.client_data,
        "authenticatorData": evidence.authenticator_data,
        "signature": evidence.signature,
    }


def passkey_evidence(public: bytes, party: RelyingParty, origin: str, response: Sequence[bytes]) -> PasskeyEvidence:
    """The evidence of an assertion: client data, authenticator data and signature, as the browser gave them."""
    client_data, authenticator_data, signature = response
    return PasskeyEvidence(
        v=1,
        public=text_of(public),
        rp_id=party.rp_id,
        origin=origin,
        client_data=text_of(client_data),
        authenticator_data=text_of(authenticator_data),
        signature=text_of(signature),
    )


def registration_options(challenge: bytes, party: RelyingParty) -> dict[str, Any]:
    """What a browser is given to make a passkey (`PublicKeyCredentialCreationOptionsJSON`): the user is to be verified,
    and nothing names the subject."""
    options = generate_registration_options(
        rp_id=party.rp_id,
        rp_name=party.rp_id,
        user_name="puhui",
        user_id=sha256(b"puhui-passkey-user\n" + challenge).digest(),
        challenge=challenge,
        authenticator_selection=AuthenticatorSelectionCriteria(user_verification=UserVerificationRequirement.REQUIRED),
    )
    return dict(json.loads(options_to_json(options)))


def check_registration(
    credential: Mapping[str, object], challenge: bytes, party: RelyingParty
) -> tuple[bytes, bytes, int]:
    """A new passkey's public key (COSE), its id and its sign count. Raises EvidenceRefused."""
    try:
        found = verify_registration_response(
            credential=dict(credential),
            expected_challenge=challenge,
            expected_rp_id=party.rp_id,
            expected_origin=list(party.origins),
            require_user_verification=True,
        )
    except _NOT_HELD:
        raise _refused("passkey") from None
    return found.credential_public_key, found.credential_id, found.sign_count


def _raw(text: str) -> bytes:
    try:
        return bytes_of(text)
    except NotVerified:
        raise _refused("base64") from None


def _refused(where: str) -> EvidenceRefused:
    return EvidenceRefused(
        Said("签署凭证与授权书或签署人不符", "the evidence does not fit the document or the signer"),
        todo=Said(
            "用已登记的密钥或通行密钥对原文重新签署", "sign these very bytes again with the enrolled key or passkey"
        ),
        where=where,
    )
