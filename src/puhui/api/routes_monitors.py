"""The paths of monitors and their notices."""

from __future__ import annotations

import asyncio
import re

from puhui.api.http import Call, Reply
from puhui.api.recognised import Recognised
from puhui.gateway.changes import change_of
from puhui.gateway.monitors import MonitorRooms, acknowledge, end_monitor, notices_after, set_monitor, shown_monitor
from puhui.institutions.recognise import MONITORS
from puhui.model.refusal import Said
from puhui.model.refusals_question import BadRequest
from puhui.wire.http_signatures import SignedRequest
from puhui.wire.messages import AcknowledgeForm, MonitorForm, read

PATH = "/v1/monitors"
_AFTER = re.compile(r"after=(0|[1-9][0-9]{0,8})")


class MonitorRoutes:
    """Handlers over the rooms of monitors."""

    def __init__(self, recognised: Recognised, monitors: MonitorRooms) -> None:
        self._recognised = recognised
        self._monitors = monitors

    async def set(self, call: Call, request: SignedRequest) -> Reply:
        """`POST /v1/monitors`."""
        async with self._recognised.asking(call, request, MONITORS) as caller:
            form = read(MonitorForm, call.body)
        change = change_of(
            request, call.path, call.body, product=form.product, purpose=form.purpose, end_user=form.end_user or ""
        )
        return self._recognised.reply(await set_monitor(form, change, caller, self._monitors), request)

    async def shown(self, call: Call, request: SignedRequest) -> Reply:
        """`GET /v1/monitors/{id}`."""
        monitor_id = call.path.removeprefix(f"{PATH}/")
        async with self._recognised.asking(call, request, MONITORS) as caller:
            shown = await asyncio.to_thread(shown_monitor, monitor_id, caller, self._monitors)
        return self._recognised.reply(shown, request)

    async def end(self, call: Call, request: SignedRequest) -> Reply:
        """`DELETE /v1/monitors/{id}`. Repeatable with a fresh nonce."""
        async with self._recognised.asking(call, request, MONITORS) as caller:
            change = change_of(request, call.path, call.body)
        monitor_id = call.path.removeprefix(f"{PATH}/")
        return self._recognised.reply(await end_monitor(monitor_id, change, caller, self._monitors), request)

    async def notices(self, call: Call, request: SignedRequest) -> Reply:
        """`GET /v1/notices?after=N`."""
        async with self._recognised.asking(call, request, MONITORS) as caller:
            after = _AFTER.fullmatch(call.query)
            if after is None:
                raise _no_number()
            found = await asyncio.to_thread(notices_after, int(after[1]), caller, self._monitors)
        return self._recognised.reply(found, request)

    async def acknowledge(self, call: Call, request: SignedRequest) -> Reply:
        """`POST /v1/notices:acknowledge`."""
        async with self._recognised.asking(call, request, MONITORS) as caller:
            form = read(AcknowledgeForm, call.body)
        change = change_of(request, call.path, call.body)
        return self._recognised.reply(await acknowledge(form.number, change, caller, self._monitors), request)


def _no_number() -> BadRequest:
    return BadRequest(
        Said("须写明 after=编号", "the query must be after=NUMBER"),
        todo=Said("首次用 after=0", "begin with after=0"),
        where="after",
    )
