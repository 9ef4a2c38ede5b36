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

from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import (
    bytes_to_base64url,
    options_to_json,
    parse_authentication_credential_json,
    parse_authenticator_data,
    parse_client_data_json,
)
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticationCredential,
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    UserVerificationRequirement,
)

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
        raise _refused(_flaw(evidence, digest, party, known)) from None
    if parse_client_data_json(_raw(evidence.client_data)).cross_origin:  # our page inside somebody else's
        raise _refused("cross_origin")
    return verified.new_sign_count


def _flaw(evidence: PasskeyEvidence, digest: bytes, party: RelyingParty, known: int) -> str:
    """The part of an assertion by which it does not hold; `passkey`: its signature, or it is none at all."""
    try:
        client = parse_client_data_json(_raw(evidence.client_data))
        signed = parse_authenticator_data(_raw(evidence.authenticator_data))
    except _NOT_HELD:
        return "passkey"
    holds = {
        "challenge": client.challenge == digest,
        "origin": client.origin == evidence.origin,
        "rp_id": signed.rp_id_hash == sha256(party.rp_id.encode()).digest(),
        "user_verified": signed.flags.uv,
        "sign_count": signed.sign_count > known or not (signed.sign_count or known),
    }
    return next((part for part, good in holds.items() if not good), "passkey")


def _response(evidence: PasskeyEvidence) -> dict[str, str]:
    return {
        "clientDataJSON": evidence.client_data,
        "authenticatorData": evidence.authenticator_data,
        "signature": evidence.signature,
    }


def assertion_options(challenge: bytes, credential: bytes, party: RelyingParty) -> dict[str, Any]:
    """What a browser is given to sign with one passkey (`PublicKeyCredentialRequestOptionsJSON`), its user verified."""
    options = generate_authentication_options(
        rp_id=party.rp_id,
        challenge=challenge,
        allow_credentials=[PublicKeyCredentialDescriptor(credential)],
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return dict(json.loads(options_to_json(options)))


def read_assertion(response: Mapping[str, object]) -> AuthenticationCredential:
    """What a browser gave when a passkey signed (`PublicKeyCredential.toJSON()`). Raises EvidenceRefused."""
    try:
        return parse_authentication_credential_json(dict(response))
    except _NOT_HELD:
        raise _refused("passkey") from None


def assertion_evidence(assertion: AuthenticationCredential, public: bytes, party: RelyingParty) -> PasskeyEvidence:
    """An assertion as evidence, not looked at yet; the origin is what the browser told. Raises EvidenceRefused."""
    given = assertion.response
    try:
        origin = parse_client_data_json(given.client_data_json).origin
    except _NOT_HELD:
        raise _refused("passkey") from None
    return passkey_evidence(public, party, origin, (given.client_data_json, given.authenticator_data, given.signature))


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


_SIGN_AGAIN = Said(
    "用已登记的密钥或通行密钥对原文重新签署", "sign these very bytes again with the enrolled key or passkey"
)
_WHAT_TO_DO = {
    "user_verified": Said("用指纹、面容或 PIN 验证本人后重新签署", "sign again and let the device verify its user"),
    "sign_count": Said("重新签署；多次出现说明密钥可能被复制", "sign again; if it recurs the passkey may have a copy"),
}


def _refused(where: str) -> EvidenceRefused:
    return EvidenceRefused(
        Said("签署凭证与授权书或签署人不符", "the evidence does not fit the document or the signer"),
        todo=_WHAT_TO_DO.get(where, _SIGN_AGAIN),
        where=where,
    )
