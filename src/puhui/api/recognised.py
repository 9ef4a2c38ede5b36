"""What every signed path does first and last: recognise the caller, log what it is refused, sign the reply."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from puhui.api.http import Call, Reply
from puhui.api.nonces import ReadNonces
from puhui.api.render import signed
from puhui.gateway.changes import change_of
from puhui.gateway.entry import refusals_logged
from puhui.gateway.rooms import Rooms
from puhui.institutions.recognise import check_scope, recognise
from puhui.model.question import Caller
from puhui.model.refusals_question import QuestionRefused
from puhui.wire.http_signatures import SignedRequest


class Recognised:
    """Shared by the handlers of one zone."""

    def __init__(self, rooms: Rooms) -> None:
        self.rooms = rooms
        self._read = ReadNonces()

    @asynccontextmanager
    async def asking(self, call: Call, request: SignedRequest, scope: str = "") -> AsyncIterator[Caller]:
        """Who asks. What is refused inside, scope and nonce among it, goes on once the log has its entry.

        A GET's nonce is spent here (`nonces` says why), and that of a request that is refused here. Of all others it
        is spent where what they change is kept: leave this block before, or a refusal stands in the log twice.
        """
        caller = recognise(request, call.address, self.rooms.directory, self.rooms.now(), scope="")
        asked = change_of(request, call.path, call.body)
        async with refusals_logged(asked, caller, self.rooms):
            if call.method == "GET":
                self._spend(caller, request)
            try:
                check_scope(caller, scope)
                yield caller
            except QuestionRefused:
                if call.method != "GET":
                    self._spend(caller, request)  # the same bytes once more are told that they are
                raise

    def _spend(self, caller: Caller, request: SignedRequest) -> None:
        self._read.spend(caller.institution, request.nonce, self.seconds())

    def reply(self, shown: dict[str, Any] | msgspec.Struct, request: SignedRequest) -> Reply:
        """A document as the signed reply."""
        document = shown if isinstance(shown, dict) else msgspec.to_builtins(shown)
        return signed(200, document, request, self.rooms.signing, self.seconds())

    def seconds(self) -> int:
        return int(self.rooms.now().timestamp())
