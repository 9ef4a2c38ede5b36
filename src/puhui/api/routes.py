"""Which path calls which story. Every signed path recognises its caller before anything else happens."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import msgspec

from puhui.api import routes_letters, routes_monitors
from puhui.api.http import Call, Reply
from puhui.api.openapi import document
from puhui.api.recognised import Recognised
from puhui.api.render import nothing_here, plain
from puhui.api.routes_letters import LetterRoutes
from puhui.api.routes_monitors import MonitorRoutes
from puhui.api.strangers import Strangers
from puhui.api.tiles import read_tile
from puhui.desk.letter_rooms import LetterRooms
from puhui.gateway.answer import answer
from puhui.gateway.monitors import MonitorRooms
from puhui.gateway.offered import mandates_offered, products_offered
from puhui.gateway.past import given_answer, given_proof, own_questions
from puhui.gateway.rooms import Rooms
from puhui.institutions.recognise import recognise
from puhui.ledger.reading import with_cosignatures
from puhui.model.question import Question
from puhui.model.refusal import Said
from puhui.model.refusals_question import BadRequest, QuestionRefused
from puhui.wire.answers import ResponseForm, answer_id, kept_headers, moment
from puhui.wire.http_signatures import SignedRequest, sign_answer
from puhui.wire.keys import Signing
from puhui.wire.messages import encode_refusal, outward_status, read_batch, read_question

Handler = Callable[[Call, SignedRequest], Awaitable[Reply]]
_MONTH = re.compile(r"month=([0-9]{4}-(?:0[1-9]|1[0-2]))")


class Routes:
    """The handlers of one zone. `files`: the folder with the log's tiles.

    Without `letters` or `monitors` there are no such paths.
    """

    def __init__(
        self, rooms: Rooms, files: Path, letters: LetterRooms | None = None, monitors: MonitorRooms | None = None
    ) -> None:
        self._rooms = rooms
        self._files = files
        self._recognised = Recognised(rooms)
        self.strangers = Strangers(rooms)
        self._letters = LetterRoutes(self._recognised, letters, monitors.changes) if letters and monitors else None
        self._monitors = MonitorRoutes(self._recognised, monitors) if monitors else None
        self._openapi = document()

    @property
    def signing(self) -> Signing:
        return self._rooms.signing

    def seconds(self) -> int:
        return self._recognised.seconds()

    def signed(self) -> dict[tuple[str, str], Handler]:
        """(method, path) → handler, of the paths that only institutions may take."""
        found: dict[tuple[str, str], Handler] = {
            ("POST", "/v1/answers"): self._answers,
            ("POST", "/v1/answers:batch"): self._batch,
            ("GET", "/v1/products"): self._products,
            ("GET", "/v1/mandates"): self._mandates,
            ("GET", "/v1/trace"): self._trace,
        }
        if self._letters:
            found["POST", routes_letters.PATH] = self._letters.propose
        if self._monitors:
            found["POST", routes_monitors.PATH] = self._monitors.set
            found["GET", "/v1/notices"] = self._monitors.notices
            found["POST", "/v1/notices:acknowledge"] = self._monitors.acknowledge
        return found

    def signed_under(self) -> tuple[tuple[str, str, Handler], ...]:
        """Method, beginning of the path, handler: what follows in the path is a name."""
        found: list[tuple[str, str, Handler]] = [("GET", "/v1/answers/", self._given)]
        if self._letters:
            found.append(("GET", f"{routes_letters.PATH}/", self._letters.shown))
        if self._monitors:
            found.append(("GET", f"{routes_monitors.PATH}/", self._monitors.shown))
            found.append(("DELETE", f"{routes_monitors.PATH}/", self._monitors.end))
        return tuple(found)

    def open(self, call: Call) -> Reply | None:
        """What anybody may read: the log's checkpoint and tiles, the interface's description, whether it lives."""
        if call.method != "GET":
            return None
        match call.path:
            case "/v1/health":
                return self._health()
            case "/v1/openapi.json":
                return plain(200, self._openapi)
            case "/v1/checkpoint" | "/checkpoint":
                return self._checkpoint()
            case path if path.startswith("/tile/"):
                return read_tile(self._files, path[1:])
        return None

    # --- questions ---

    async def _answers(self, call: Call, request: SignedRequest) -> Reply:
        try:
            question = read_question(request, call.body)
        except QuestionRefused:
            async with self._recognised.asking(call, request):
                raise
        given = await answer(question, call.address, self._rooms)
        return Reply(given.status, given.headers, given.body)

    async def _batch(self, call: Call, request: SignedRequest) -> Reply:
        try:
            questions = read_batch(request, call.body)
        except QuestionRefused:
            async with self._recognised.asking(call, request):
                raise
        recognise(request, call.address, self._rooms.directory, self._rooms.now(), scope="", cost=0)
        given = await asyncio.gather(*(self._one_of_batch(question, call) for question in questions))
        reply = self._recognised.reply({"answers": msgspec.to_builtins(given), "v": 1}, request)
        return replace(reply, timed=True)  # a batch of one tells no more by its time than the question alone

    async def _one_of_batch(self, question: Question, call: Call) -> ResponseForm:
        """What the question alone would have got."""
        try:
            given = await answer(question, call.address, self._rooms)
            status, headers, body = given.status, given.headers, given.body
        except QuestionRefused as refusal:
            self.strangers.refused(call, refusal, question)
            status, body = outward_status(refusal), encode_refusal(answer_id(question.digest), refusal)
            headers = sign_answer(status, body, question.signature, key=self.signing, created=self.seconds())
        return ResponseForm(body=body.decode(), headers=kept_headers(headers), status=status)

    # --- what an institution sees of itself ---

    async def _given(self, call: Call, request: SignedRequest) -> Reply:
        name, _, part = call.path.removeprefix("/v1/answers/").partition("/")
        async with self._recognised.asking(call, request) as caller:
            if part == "proof":
                proof = await given_proof(caller, name, self._rooms)
                return self._recognised.reply({"proof": proof, "v": 1}, request)
            body = await given_answer(caller, name if not part else "", self._rooms)
        created = self.seconds()
        return Reply(200, sign_answer(200, body, request.signature, key=self.signing, created=created), body)

    async def _products(self, call: Call, request: SignedRequest) -> Reply:
        async with self._recognised.asking(call, request) as caller:
            offered = products_offered(caller, self._rooms)
        return self._recognised.reply({"products": offered, "v": 1}, request)

    async def _mandates(self, call: Call, request: SignedRequest) -> Reply:
        async with self._recognised.asking(call, request) as caller:
            offered = mandates_offered(caller, self._rooms)
        return self._recognised.reply({"mandates": offered, "v": 1}, request)

    async def _trace(self, call: Call, request: SignedRequest) -> Reply:
        async with self._recognised.asking(call, request) as caller:
            month = _MONTH.fullmatch(call.query)
            if month is None:
                raise _no_month()
            found = await own_questions(caller, month[1], self._rooms)
        return self._recognised.reply({"month": month[1], "questions": found, "v": 1}, request)

    # --- what anybody sees ---

    def _health(self) -> Reply:
        snapshot = self._rooms.figures.snapshot
        writes = self._rooms.log.writing
        return plain(
            200 if writes else 503,
            {"as_of": snapshot.as_of.isoformat(), "at": moment(self._rooms.now()), "log": writes, "v": 1},
        )

    def _checkpoint(self) -> Reply:
        stored = self._rooms.past.published(self._rooms.quorum)
        if stored is None:
            return nothing_here()
        headers = (("content-type", "text/plain; charset=utf-8"), ("cache-control", "no-cache"))
        return Reply(200, headers, with_cosignatures(stored).encode())


def _no_month() -> BadRequest:
    return BadRequest(
        Said("须写明 month=YYYY-MM", "the query must be month=YYYY-MM"),
        todo=Said("如 /v1/trace?month=2026-11", "for instance /v1/trace?month=2026-11"),
        where="month",
    )
