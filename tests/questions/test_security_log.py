"""Whoever is refused stands somewhere: the recognised in the ledger, strangers in files that the ledger vouches for."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from puhui.adapters.security_log import states_logged
from puhui.api.openapi import OPERATIONS
from puhui.api.strangers import path_class
from puhui.cli.ledger import BROKEN
from puhui.desk.admissions import CHANGE
from puhui.gateway.noise_kept import SETTLED
from puhui.main import app

from .asking import Asker, Request, ask
from .town import FIRM, STRANGER, Office, two_officers
from .town import office as opened


def lines(office: Office) -> list[dict[str, Any]]:
    office.questions.noise.write()
    files = sorted((office.home / "security").glob("*"))
    return [json.loads(line) for file in files for line in file.read_text("utf-8").splitlines()]


def checked(office: Office) -> tuple[int, dict[str, Any]]:
    """How the command ends, and what it says."""
    told = CliRunner().invoke(app, ["security", "check", str(office.home), "--json"])
    return told.exit_code, json.loads(told.stdout)


def test_a_good_question_is_no_noise(office: Office) -> None:
    (reply,) = ask(office, Asker(office).question(FIRM))
    assert reply.code == ""
    assert lines(office) == []


def test_a_line_holds_nothing_that_the_stranger_wrote(office: Office) -> None:
    secret = FIRM.value.lower()
    asked = Asker(office).get(f"/v1/answers/A-{secret}", f"uscc={secret}")
    forged = asked.changed("signature-input", "bank-a/1", secret)
    ask(office, forged)
    ask(office, forged.but(method=secret))
    ask(office, Request("GET", f"/{secret}", secret, ()))
    ask(office, Asker(office, "mallory").question(FIRM))
    found = lines(office)
    assert secret not in json.dumps(found).lower()
    assert [(one["code"], one["method"], one["path"], one["key"]) for one in found] == [
        ("unknown-key", "GET", "/v1/answers/{id}", "unknown"),
        ("no-such-path", "other", "/v1/answers/{id}", "unknown"),
        ("no-such-path", "GET", "other", "unknown"),
        ("unknown-key", "POST", "/v1/answers", "unknown"),
    ]


def test_every_path_of_the_interface_has_its_class() -> None:
    for one in OPERATIONS:
        assert path_class(one.path.replace("{id}", "A-1").replace("{path}", "0/000")) == one.path
    assert path_class("/v1/answers/../../etc/passwd") == "/v1/answers/{id}"
    assert path_class("/etc/passwd") == "other"


def test_the_questions_of_a_batch_that_came_too_fast_are_counted(office: Office) -> None:
    two_officers(office.desk, CHANGE, {"id": "bank-a", "rate": 2})
    asker = Asker(office)
    questions = [asker.said(FIRM), asker.said(STRANGER), *[asker.said(FIRM)] * 5]
    ask(office, asker.post({"v": 1, "questions": questions}, "/v1/answers:batch"))
    noted = [(one["code"], one["path"], one["institution"]) for one in lines(office)]
    assert noted == [("too-fast", "/v1/answers:batch", "bank-a")] * 3
    assert sorted(office.codes()) == ["", "", "", "subject-unknown"]


def test_a_refused_message_spends_its_nonce_for_good(office: Office) -> None:
    """In the ledger's own transaction: a whole question under the nonce of a broken one is not answered."""
    asker = Asker(office)
    broken = asker.post(b"{}", nonce="N" * 21 + "A")
    (first,), (again,) = ask(office, broken), ask(office, broken)
    (whole,) = ask(office, asker.post(asker.said(FIRM), nonce="N" * 21 + "A"))
    assert [one.code for one in (first, again, whole)] == ["bad-request", "replayed", "replayed"]
    assert office.codes() == ["bad-request", "replayed", "replayed"]
    assert office.check() == []


def test_the_ledger_vouches_for_the_files(office: Office) -> None:
    stranger, clock = Asker(office, "mallory"), office.clock
    clock.now = (clock.now + timedelta(days=1)).replace(hour=1)  # the hours to come are of one day
    office.questions.noise.write()
    for _ in range(3):
        ask(office, stranger.question(FIRM))
        clock.now += SETTLED
        office.questions.noise.write()
    assert [state.counts for state in states_logged(office.questions.log.archive)] == [
        {"unknown-key": number} for number in (1, 2, 3)
    ]
    (file,) = (office.home / "security").iterdir()
    whole = file.read_bytes()
    assert checked(office) == (0, {"ok": True, "files": 1, "entries": 3, "unlogged": {}, "findings": []})
    file.write_bytes(whole.replace(b"unknown-key", b"unknown-kez", 1))
    assert checked(office)[0] == BROKEN
    assert checked(office)[1]["findings"] == [{"code": "changed", "where": file.name}]
    file.write_bytes(whole[:-1])
    assert checked(office)[1]["findings"] == [{"code": "cut", "where": file.name}]
    file.write_bytes(whole + b"{}\n")
    assert checked(office)[1]["unlogged"] == {file.name: 3}
    assert office.check() == [], "the ledger holds together with them in it"


def test_serving_that_ends_has_logged_everything(office: Office) -> None:
    with opened(office.home) as serving:
        ask(serving, Asker(serving, "mallory").question(FIRM))
    code, told = checked(office)
    assert (code, told["files"], told["entries"], told["unlogged"]) == (0, 1, 1, {})


def test_a_stop_by_signal_ends_in_order(town_with_banks: Path, tmp_path: Path) -> None:
    """`puhui serve` that is told to end has the ledger vouch for what it noted, down to the last connection."""
    shutil.copytree(town_with_banks, tmp_path / "town", symlinks=True)
    home = tmp_path / "town" / "home"
    command = [sys.executable, "-c", "from puhui.main import app; app()"]
    with subprocess.Popen([*command, "serve", str(home), "--port", "0", "--json"], stdout=subprocess.PIPE) as serving:
        assert serving.stdout
        port = json.loads(serving.stdout.readline())["port"]
        with socket.create_connection(("127.0.0.1", port), timeout=20) as line:
            line.sendall(b"this is no HTTP\r\n\r\n")
            assert line.recv(12) == b"HTTP/1.1 400"
        serving.terminate()
        assert serving.wait(30) == 0
    done = subprocess.run([*command, "security", "check", str(home), "--json"], capture_output=True, check=True)
    told = json.loads(done.stdout)
    assert (told["files"], told["entries"], told["unlogged"]) == (1, 1, {})
    (file,) = (home / "security").iterdir()
    assert json.loads(file.read_text("utf-8"))["code"] == "no-http"
