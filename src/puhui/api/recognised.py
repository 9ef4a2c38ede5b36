"""What every signed path does first and last: recognise the caller, sign the reply."""

from __future__ import annotations

from typing import Any

import msgspec

from puhui.api.http import Call, Reply
from puhui.api.nonces import ReadNonces
from puhui.api.render import signed
from puhui.gateway.rooms import Rooms
from puhui.institutions.recognise import recognise
from puhui.model.question import Caller
from puhui.wire.http_signatures import SignedRequest


class Recognised:
    """Shared by the handlers of one zone."""

    def __init__(self, rooms: Rooms) -> None:
        self.rooms = rooms
        self._read = ReadNonces()

    def caller(self, call: Call, request: SignedRequest, scope: str = "") -> Caller:
        """Who asks. A GET's nonce is spent here (`nonces` says why); of all others where what they change is kept."""
        caller = recognise(request, call.address, self.rooms.directory, self.rooms.now(), scope=scope)
        if call.method == "GET":
            self._read.spend(caller.institution, request.nonce, self.seconds())
        return caller

    def reply(self, shown: dict[str, Any] | msgspec.Struct, request: SignedRequest) -> Reply:
        """A document as the signed reply."""
        document = shown if isinstance(shown, dict) else msgspec.to_builtins(shown)
        return signed(200, document, request, self.rooms.signing, self.seconds())

    def seconds(self) -> int:
        return int(self.rooms.now().timestamp())
