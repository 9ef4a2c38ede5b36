"""Whatever is sent to the interface as it describes itself: no fault of the server, no answer that is not documented.

Each generated request is sent as it came, then signed by a bank, then signed with names in it that the zone knows,
so that it gets behind the signature and behind the contract.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import checks

from puhui.api import app as interface
from puhui.api.openapi import document
from puhui.model.refusals_question import QuestionRefused
from puhui.wire.canonical import canonical

from ..questions.asking import Asker, Reply, Request, ask
from ..questions.town import AUTHORITY, FIRM, Office
from ..questions.town import office as opened

SCHEMA = schemathesis.openapi.from_dict(document())
CHECKS = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
EXAMPLES = 12  # of each operation, sent three ways

TRIED: set[str] = set()  # the paths that were asked in this process


@pytest.fixture(scope="module")
def zone(town_with_banks: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """A zone whose clock goes a second a request, so that no rate is reached, and that keeps nobody waiting."""
    folder = tmp_path_factory.mktemp("described") / "town"
    shutil.copytree(town_with_banks, folder, symlinks=True)
    with pytest.MonkeyPatch.context() as patch, opened(folder / "home") as office:
        patch.setattr(interface, "TIME_CLASS", 0.0001)
        yield office
        if "/v1/answers" in TRIED:  # the three ways would be worth little if the zone only ever said 401
            assert set(office.codes()) & {"no-contract", "purpose-refused", "letter-spent", "no-basis", ""}


OPERATIONS = [found.ok() for found in SCHEMA.get_all_operations()]


# pytest's own parameters: xdist takes schemathesis's for one test and runs one of them
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.label)
def test_nothing_is_answered_that_is_not_described(zone: Office, operation: Any) -> None:
    @given(case=operation.as_strategy())
    @settings(max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    def check(case: Any) -> None:
        for request in (*as_it_came(case), *signed(zone, case), *signed(zone, case, known(zone))):
            zone.clock.pass_by(seconds=1)
            (reply,) = ask(zone, request)
            case.validate_response(response(request, reply), checks=CHECKS)

    TRIED.add(operation.path)
    check()


def as_it_came(case: Any) -> Iterator[Request]:
    headers = tuple((str(name).lower(), str(value)) for name, value in (case.headers or {}).items())
    if all(value.isascii() for pair in headers for value in pair):
        yield Request(case.method.upper(), path_of(case), query_of(case), headers, (body_of(case.body),))


def signed(zone: Office, case: Any, names: dict[str, Any] | None = None) -> Iterator[Request]:
    """The same under a bank's signature, as far as the profile lets it be signed. `names`: put in where they belong."""
    asker, method = Asker(zone), case.method.upper()
    try:
        if method == "POST":
            body = with_names(case.body, names or {})
            yield asker.post(body_of(body), path_of(case))
        else:
            yield asker.get(path_of(case), query_of(case), method)
    except QuestionRefused:
        return  # a target or a body that cannot be signed is not sent


def known(zone: Office) -> dict[str, Any]:
    """What a message may name that the zone knows."""
    basis = {"kind": "letter", "id": zone.letters["firm"]}
    return {"product": "firm_loan", "purpose": "lending", "wording": "firm_letter", "about": about(), "basis": basis}


def about() -> dict[str, str]:
    return {"kind": FIRM.kind, "value": FIRM.value}


def with_names(body: Any, names: dict[str, Any]) -> Any:
    if isinstance(body, dict):
        return {name: names.get(name, with_names(value, names)) for name, value in body.items()}
    return [with_names(one, names) for one in body] if isinstance(body, list) else body


def body_of(body: Any) -> bytes:
    if isinstance(body, bytes):
        return body
    if isinstance(body, schemathesis.core.NotSet):
        return b""
    try:
        return canonical(body) if isinstance(body, dict) else httpx.Request("POST", "http://x", json=body).content
    except (ValueError, TypeError):  # numbers and texts that have no canonical form
        return httpx.Request("POST", "http://x", json=body).content


def path_of(case: Any) -> str:
    return str(case.formatted_path).encode().decode("latin-1")


def query_of(case: Any) -> str:
    return urlencode(case.query or {}, doseq=True)


def response(request: Request, reply: Reply) -> httpx.Response:
    """The reply as the checks read it."""
    sent = httpx.Request(request.method, f"http://{AUTHORITY}/", content=b"".join(request.chunks))
    came = httpx.Response(reply.status, headers=list(reply.headers), content=reply.body, request=sent)
    came.elapsed = timedelta(0)
    return came
