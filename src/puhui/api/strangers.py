"""Notes whoever was not recognised: what is put down of a request is made from closed lists, never of what it says.

Called after something was refused, so a question that is answered pays nothing for it.
"""

from __future__ import annotations

from base64 import b64encode
from ipaddress import ip_address
from typing import Protocol

from puhui.api.http import Call
from puhui.api.openapi import OPERATIONS
from puhui.api.render import STRANGERS
from puhui.gateway.noise import METHODS, OTHER, UNKNOWN, Refused
from puhui.gateway.rooms import Rooms
from puhui.model.refusals_question import QuestionRefused, TooFast
from puhui.wire.http_signatures import RawHeaders

NO_SUCH_PATH, NO_SUCH_METHOD = "no-such-path", "no-such-method"
_NOTED = (*STRANGERS, TooFast)  # `gateway.noise` says why the last one

_LONGEST_KEY_ID = 100  # characters
_EXACT = {one.path for one in OPERATIONS if "{" not in one.path}
_UNDER = [(one.path.partition("{")[0], one.path) for one in OPERATIONS if "{" in one.path]
_PROOF = "/v1/answers/{id}/proof"


class Claims(Protocol):
    """What a request says of itself: a signed request, or a question of a batch."""

    @property
    def key_id(self) -> str: ...
    @property
    def digest(self) -> bytes: ...


class Strangers:
    """Of one zone's interface."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms

    def refused(self, call: Call, refusal: QuestionRefused, request: Claims) -> None:
        """Notes the refusal of a request that could be parsed, where the ledger has no entry of it."""
        if isinstance(refusal, _NOTED):
            question = b64encode(request.digest).decode()
            self._note(call, refusal.code, key=request.key_id, signed=isinstance(refusal, TooFast), question=question)

    def turned_away(self, call: Call, code: str) -> None:
        """Notes a request that could not be parsed, or is of no path that there is."""
        self._note(call, code, key=_claimed(call.headers))

    def cut_off(self, code: str, address: str) -> None:
        """Notes a connection that was closed before there was a request."""
        self._rooms.noise.note(Refused(self._rooms.now(), code, address=_address(address)))

    def _note(self, call: Call, code: str, *, key: str, signed: bool = False, question: str = "") -> None:
        known = self._rooms.directory.key(key) if key else None
        self._rooms.noise.note(
            Refused(
                self._rooms.now(),
                code,
                method=call.method if call.method in METHODS else OTHER,
                path=path_class(call.path),
                address=_address(call.address),
                key=key if known else UNKNOWN,
                institution=known.institution.id if known and signed else "",
                question=question,
            )
        )


def path_class(path: str) -> str:
    """The path as the interface's description writes it, with what follows named and not told; or `other`."""
    if path in _EXACT:
        return path
    found = next((pattern for prefix, pattern in _UNDER if path.startswith(prefix)), OTHER)
    return _PROOF if found == "/v1/answers/{id}" and path.endswith("/proof") else found


def _address(text: str) -> str:
    """A network address, or nothing."""
    try:
        return str(ip_address(text))
    except ValueError:
        return ""


def _claimed(headers: RawHeaders) -> str:
    """The key that a request names which is not of the profile; empty where there is none to be seen."""
    for name, value in headers:
        if name == b"signature-input":
            stated = value.partition(b';keyid="')[2].partition(b'"')[0]
            return stated.decode("latin-1") if len(stated) <= _LONGEST_KEY_ID else ""
    return ""
