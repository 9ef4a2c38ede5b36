"""The paths of letters: an institution proposes one, and asks how it stands."""

from __future__ import annotations

import asyncio

from puhui.api.http import Call, Reply
from puhui.api.recognised import Recognised
from puhui.consent.letter import State
from puhui.desk.letter_rooms import LetterRooms
from puhui.desk.proposing import code_of, propose_by_request, state_shown
from puhui.gateway.changes import Changes, change_of, changed
from puhui.institutions.recognise import LETTERS
from puhui.model.question import Caller
from puhui.wire.http_signatures import SignedRequest
from puhui.wire.messages import LetterProposalForm, read

PATH = "/v1/letters"


class LetterRoutes:
    """Handlers over the rooms of letters."""

    def __init__(self, recognised: Recognised, letters: LetterRooms, changes: Changes) -> None:
        self._recognised = recognised
        self._letters = letters
        self._changes = changes

    async def propose(self, call: Call, request: SignedRequest) -> Reply:
        """`POST /v1/letters`. Nobody is looked up, so an unknown person's takes as long and looks the same."""
        async with self._recognised.asking(call, request, LETTERS) as caller:
            form = read(LetterProposalForm, call.body)
        end_user = form.end_user or ""
        change = change_of(request, call.path, call.body, purpose=form.purpose, end_user=end_user)
        letter_id = await changed(
            change,
            caller,
            self._recognised.rooms,
            self._changes,
            lambda: propose_by_request(self._letters, form, caller.institution, change.idempotency_key),
        )
        state = await self._state(letter_id, caller)
        code = {"code": code_of(self._letters, letter_id)} if state is State.PROPOSED else {}
        return self._recognised.reply({"id": letter_id, "state": state.value, "v": 1, **code}, request)

    async def shown(self, call: Call, request: SignedRequest) -> Reply:
        """`GET /v1/letters/{id}`."""
        letter_id = call.path.removeprefix(f"{PATH}/")
        async with self._recognised.asking(call, request, LETTERS) as caller:
            state = await self._state(letter_id, caller)
        return self._recognised.reply({"id": letter_id, "state": state.value, "v": 1}, request)

    async def _state(self, letter_id: str, caller: Caller) -> State:
        return await asyncio.to_thread(state_shown, self._letters, letter_id, caller.institution)
