"""A zone's server as a process of its own, and questions signed for it beforehand."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from bench.answers_zone import PRODUCT, PURPOSE, Town
from bench.load_client import raw_post
from puhui.bank.client import question
from puhui.bank.exchange import fresh_key
from puhui.wire.canonical import canonical
from puhui.wire.http_signatures import HttpRequest, SignedRequest, new_nonce, parse_request, raw, sign_request

PATH = "/v1/answers"


@contextmanager
def serving(home: Path) -> Iterator[tuple[psutil.Process, int]]:
    """A zone's server, from when it takes connections until it has ended."""
    command = [sys.executable, "-c", "from puhui.main import app; app()", "serve", str(home), "--port", "0", "--json"]
    with open(home / "serve.log", "w", encoding="utf-8") as told:
        started = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=told, text=True)
    try:
        assert started.stdout is not None
        ready = started.stdout.readline()
        if not ready:
            raise RuntimeError((home / "serve.log").read_text("utf-8")[-2000:])
        yield psutil.Process(started.pid), int(json.loads(ready)["port"])
    finally:
        started.terminate()
        started.wait(30)


def signed(made: Town, uscc: str, letter: str, authority: str) -> tuple[bytes, SignedRequest]:
    """One request as bytes, and its signed parts for the floor."""
    body = canonical(question(PRODUCT, PURPOSE, ("uscc", uscc), basis=("letter", letter)))
    headers = sign_request(
        "POST", authority, PATH, body=body, key=made.bank, created=int(time.time()), nonce=new_nonce(),
        idempotency_key=fresh_key(),
    )  # fmt: skip
    parsed = parse_request(HttpRequest("POST", authority, PATH, "", raw(headers), body))
    return raw_post(PATH, authority, headers, body), parsed
