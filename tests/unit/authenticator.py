"""An authenticator in software: makes passkeys and assertions, right ones and wrong ones."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from webauthn.helpers import bytes_to_base64url

from puhui.consent.evidence import RelyingParty, passkey_evidence
from puhui.wire.letters import PasskeyEvidence

PRESENT, VERIFIED, ATTESTED = 1, 4, 64


@dataclass
class Authenticator:
    """One passkey. `verifies`: whether it asks its user for a finger or a code."""

    party: RelyingParty
    verifies: bool = True
    count: int = 0
    private: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    credential: bytes = b"credential-id-16"

    @property
    def public(self) -> bytes:
        """The COSE key (RFC 9053): EC2, ES256, P-256."""
        numbers = self.private.public_key().public_numbers()
        return cbor2.dumps({1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")})

    def _data(self, flags: int, more: bytes = b"") -> bytes:
        flags |= PRESENT | (VERIFIED if self.verifies else 0)
        return sha256(self.party.rp_id.encode()).digest() + bytes([flags]) + self.count.to_bytes(4, "big") + more

    def _client(self, kind: str, challenge: bytes, origin: str, framed: bool = False) -> bytes:
        told = {"type": kind, "challenge": bytes_to_base64url(challenge), "origin": origin, "crossOrigin": framed}
        return json.dumps(told).encode()

    def create(self, challenge: bytes, *, origin: str = "") -> dict[str, Any]:
        """What a browser gives when a passkey is made."""
        held = bytes(16) + len(self.credential).to_bytes(2, "big") + self.credential + self.public
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": self._data(ATTESTED, held)})
        client = self._client("webauthn.create", challenge, origin or self.party.origins[0])
        response = {"clientDataJSON": bytes_to_base64url(client), "attestationObject": bytes_to_base64url(attestation)}
        name = bytes_to_base64url(self.credential)
        return {"id": name, "rawId": name, "type": "public-key", "response": response}

    def assert_(
        self, digest: bytes, *, origin: str = "", kind: str = "webauthn.get", framed: bool = False
    ) -> PasskeyEvidence:
        """The evidence of a digest. `framed`: the page that asked stood inside another site's."""
        self.count += 1
        origin = origin or self.party.origins[0]
        client, data = self._client(kind, digest, origin, framed), self._data(0)
        signature = self.private.sign(data + sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        return passkey_evidence(self.public, self.party, origin, (client, data, signature))
