"""The interface described as OpenAPI 3.1, made from the forms of the messages: what is documented is what is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from puhui import __version__
from puhui.model import refusals_question
from puhui.model.refusals_question import QuestionRefused
from puhui.wire.answers import AnswerForm
from puhui.wire.messages import (
    AcknowledgeForm,
    BatchAnswerForm,
    BatchForm,
    LetterProposalForm,
    LetterStateForm,
    MonitorForm,
    MonitorStateForm,
    NoticesForm,
    QuestionForm,
    RefusalForm,
)

_JSON = "application/json"
_SIGNED = ("content-digest", "signature", "signature-input")


class ProductsForm(msgspec.Struct, kw_only=True):
    """Reply of `GET /v1/products`."""

    v: int
    products: list[dict[str, Any]]


class MandatesForm(msgspec.Struct, kw_only=True):
    """Reply of `GET /v1/mandates`."""

    v: int
    mandates: list[dict[str, Any]]


class TraceForm(msgspec.Struct, kw_only=True):
    """Reply of `GET /v1/trace`."""

    v: int
    month: str
    questions: list[dict[str, Any]]


class ProofForm(msgspec.Struct, kw_only=True):
    """Reply of `GET /v1/answers/{id}/proof`: a C2SP tlog-proof."""

    v: int
    proof: str


class HealthForm(msgspec.Struct, kw_only=True):
    """Reply of `GET /v1/health`."""

    v: int
    as_of: str
    at: str
    log: bool


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path. `signed`: the profile of RFC 9421 is asked for; `gives` None: bytes of another type."""

    method: str
    path: str
    says: str
    signed: bool = True
    takes: type | None = None
    gives: type | None = None
    media: str = _JSON
    query: str = ""
    not_found: bool = False
    busy: bool = False


OPERATIONS: tuple[Operation, ...] = (
    Operation("post", "/v1/answers", "Ask one question.", takes=QuestionForm, gives=AnswerForm),
    Operation("post", "/v1/answers:batch", "Ask up to 100 questions.", takes=BatchForm, gives=BatchAnswerForm),
    Operation("get", "/v1/answers/{id}", "An answer that you were given, again.", gives=AnswerForm),
    Operation("get", "/v1/answers/{id}/proof", "Its proof, with the cosignatures that came since.", gives=ProofForm),
    Operation("get", "/v1/products", "What your contracts let you ask.", gives=ProductsForm),
    Operation("get", "/v1/mandates", "Your contracts in force.", gives=MandatesForm),
    Operation("get", "/v1/trace", "What you asked in a month.", gives=TraceForm, query="month"),
    Operation("post", "/v1/letters", "Propose a letter to a subject.", takes=LetterProposalForm, gives=LetterStateForm),
    Operation("get", "/v1/letters/{id}", "How a letter of yours stands.", gives=LetterStateForm),
    Operation("post", "/v1/monitors", "Set a monitor.", takes=MonitorForm, gives=MonitorStateForm),
    Operation("get", "/v1/monitors/{id}", "A monitor of yours.", gives=MonitorStateForm),
    Operation("delete", "/v1/monitors/{id}", "End a monitor.", gives=MonitorStateForm),
    Operation("get", "/v1/notices", "What your monitors told, after a number.", gives=NoticesForm, query="after"),
    Operation(
        "post",
        "/v1/notices:acknowledge",
        "Notices up to a number arrived; those after it are the reply.",
        takes=AcknowledgeForm,
        gives=NoticesForm,
    ),
    Operation("get", "/v1/checkpoint", "The log's newest checkpoint.", False, media="text/plain", not_found=True),
    Operation("get", "/checkpoint", "The same (C2SP tlog-tiles).", False, media="text/plain", not_found=True),
    Operation("get", "/tile/{path}", "A tile.", False, media="application/octet-stream", not_found=True),
    Operation("get", "/v1/health", "Whether the zone answers.", False, gives=HealthForm, busy=True),
    Operation("get", "/v1/openapi.json", "This description.", False, gives=dict),
)


def document() -> dict[str, Any]:
    """The whole description."""
    forms = [form for one in OPERATIONS for form in (one.takes, one.gives) if form not in (None, dict)]
    _, schemas = msgspec.json.schema_components([*forms, RefusalForm], ref_template="#/components/schemas/{name}")
    paths: dict[str, Any] = {}
    for one in OPERATIONS:
        paths.setdefault(one.path, {})[one.method] = _operation(one)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Puhui 普惠: questions of institutions to a zone", "version": __version__},
        "paths": paths,
        "components": {"schemas": schemas, "headers": _headers()},
    }


def _operation(one: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {"summary": one.says, "responses": _responses(one)}
    if one.takes is not None:
        described["requestBody"] = {"required": True, "content": {_JSON: {"schema": _ref(one.takes)}}}
    parameters = [_parameter("path", name) for name in ("id", "path") if f"{{{name}}}" in one.path]
    if one.query:
        parameters.append(_parameter("query", one.query))
    if one.signed:
        parameters += [_parameter("header", name) for name in ("signature-input", "signature")]
    if one.takes is not None:
        parameters += [_parameter("header", name) for name in ("content-digest", "idempotency-key")]
    return {**described, "parameters": parameters} if parameters else described


def _responses(one: Operation) -> dict[str, Any]:
    content = {one.media: {"schema": _ref(one.gives)} if one.gives not in (None, dict) else {}}
    found: dict[str, Any] = {"200": {"description": one.says, "content": content}}
    refused = {"description": "A refusal.", "content": {_JSON: {"schema": _ref(RefusalForm)}}}
    if one.signed:
        found["200"]["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in _SIGNED}
        found |= {str(status): refused for status in sorted(_statuses())}
    if one.not_found:
        found["404"] = {"description": "There is none.", "content": {_JSON: {}}}
    if one.busy:
        found["503"] = {"description": "The log cannot be written.", "content": {_JSON: {"schema": _ref(one.gives)}}}
    return found


def _statuses() -> set[int]:
    """Every status that a refusal can have."""
    kinds = (kind for kind in vars(refusals_question).values() if isinstance(kind, type))
    return {kind.status for kind in kinds if issubclass(kind, QuestionRefused)}


def _parameter(place: str, name: str) -> dict[str, Any]:
    return {"in": place, "name": name, "required": True, "schema": {"type": "string"}}


def _ref(form: Any) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{form.__name__}"}


def _headers() -> dict[str, Any]:
    says = {
        "content-digest": "RFC 9530, sha-256 of the body.",
        "signature": "RFC 9421, label `puhui`.",
        "signature-input": "RFC 9421, label `puhui`, exactly the profile's form.",
    }
    return {name: {"description": text, "schema": {"type": "string"}} for name, text in says.items()}
