"""A letter signed by passkey in a real Chromium: enrolled, signed, answered over, verified, revoked; and its forgeries.

Only the authenticator is virtual, and Chromium's own: nobody is here whose finger it could ask for.
"""

from __future__ import annotations

import json
import os
import shutil
import threading
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from puhui.wire.canonical import canonical

from ..browser import Browser, BrowserAbsent, Page, Rejected, chromium
from ..questions.asking import Asker, answer_file, ask
from ..questions.town import ANNA, FIRM, office
from .town import Refused, Town

pytestmark = pytest.mark.xdist_group("chromium")  # one browser for all of them

CREATE = """options => navigator.credentials
    .create({publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options)}).then(made => made.toJSON())"""
GET = """options => navigator.credentials
    .get({publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options)}).then(made => made.toJSON())"""
# The zone's page inside another site's, which hands it the options and takes what it signs
FRAMED = """(options, {site}) => new Promise(done => {
    const frame = document.createElement("iframe");
    Object.assign(frame, {src: site, allow: `publickey-credentials-get ${site}`});
    addEventListener("message", heard => done(heard.data));
    frame.addEventListener("load", () => frame.contentWindow.postMessage(options, "*"));
    document.body.append(frame);
})"""
PAGE = f"""<!doctype html><title>letters</title><body><script>
    const sign = {GET};
    addEventListener("message", heard => sign(heard.data).then(signed => heard.source.postMessage(signed, "*")));
</script>"""
TERMS = ("--institution", "bank-a", "--wording", "firm_letter", "--months", 24, "--cap", 1000, "--per", "letter",
         "--days", 9, "--keep-days", 365)  # fmt: skip
TICKED = ("--tick", "tax", "--tick", "register")
AUTHENTICATOR = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}


class _Site(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(PAGE.encode())

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def site() -> Iterator[int]:
    """The port of a site whose pages do nothing by themselves."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Site) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


@pytest.fixture(scope="module")
def ports() -> Iterator[tuple[int, int]]:
    """Of the zone's own site, and of another one."""
    with site() as own, site() as other:
        yield own, other


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    try:
        with chromium(tmp_path_factory.mktemp("chromium")) as running:
            yield running
    except BrowserAbsent as absent:
        if os.environ.get("PUHUI_CI") == "1":
            raise
        pytest.skip(str(absent))


@dataclass
class Signing:
    """A person with a passkey before the zone's page, and the commands that an operator runs."""

    town: Town
    page: Page
    authenticator: str
    own: str  # the zone's origin
    other: str

    def options(self) -> dict[str, Any]:
        return dict(self.town.run("signer", "challenge", self.town.home, "--uscc", FIRM.value))

    def enrol(self, credential: object) -> str:
        """The id of the signer that a registration makes."""
        proof = ("--proof", "licence", "--reference", "EBL-1", "--person", ANNA.value, "--uscc", FIRM.value)
        file = self.file("registration", credential)
        told = self.town.run("signer", "enrol", self.town.home, "--passkey", file, *proof, *self.anna)
        return str(told["signer"])

    def draft(self, name: str, signer: str, *terms: object) -> dict[str, Any]:
        """The options of the browser for a letter that is drafted to a file of that name."""
        said = (*(terms or TERMS), *TICKED, "--uscc", FIRM.value, "--signer", signer, "--out", self.path(name))
        return dict(self.town.run("letter", "draft", self.town.home, *said))

    def sign(self, name: str, assertion: object) -> dict[str, Any]:
        """What the zone tells of the letter that was drafted so, signed by that."""
        file = self.file(f"{name}-signed", assertion)
        return dict(self.town.run("letter", "sign", self.town.home, "--draft", self.path(name), "--passkey", file))

    def refused(self, name: str, assertion: object) -> tuple[str, str]:
        """Code and part of the refusal of a signature; the letter is not there then."""
        with pytest.raises(Refused) as told:
            self.sign(name, assertion)
        with pytest.raises(Refused) as none:
            self.town.run("letter", "show", self.town.home, json.loads(self.path(name).read_bytes())["id"])
        assert none.value.code == "unknown-name"
        return told.value.code, told.value.answer["where"]

    def signed_in_browser(self, options: dict[str, Any]) -> dict[str, Any]:
        return dict(self.page.evaluate(GET, options))

    def user_verified(self, whether: bool) -> None:
        self.page.call("WebAuthn.setUserVerified", authenticatorId=self.authenticator, isUserVerified=whether)

    def file(self, name: str, content: object) -> Path:
        self.path(name).write_text(json.dumps(content), "utf-8")
        return self.path(name)

    def path(self, name: str) -> Path:
        return self.town.home.parent / f"{name}.json"

    @property
    def anna(self) -> tuple[object, ...]:
        """The options of the officer who acts."""
        return ("--by", "anna", "--key-file", self.town.home.parent / "anna.key")


@pytest.fixture
def signing(browser: Browser, ports: tuple[int, int], town_with_banks: Path, tmp_path: Path) -> Iterator[Signing]:
    """A copy of the town whose letters are signed on a site of this machine, and a page there."""
    own, other = (f"http://localhost:{port}" for port in ports)
    home = shutil.copytree(town_with_banks, tmp_path / "town", symlinks=True) / "home"
    with (home / "zone.toml").open("a", encoding="utf-8") as settings:
        settings.write(f'site = "{own}"\n')
    page = browser.page()
    page.open(own)
    page.call("WebAuthn.enable")
    told = page.call("WebAuthn.addVirtualAuthenticator", options=AUTHENTICATOR | {"isUserVerified": True})
    yield Signing(Town(home), page, told["authenticatorId"], own, other)
    page.close()


@pytest.fixture
def enrolled(signing: Signing) -> tuple[Signing, str]:
    """The same with a passkey that is a signer; its id."""
    return signing, signing.enrol(signing.page.evaluate(CREATE, signing.options()))


def test_from_the_browser_to_a_verified_answer(enrolled: tuple[Signing, str]) -> None:
    signing, signer = enrolled
    town = signing.town
    proposed = town.run("letter", "propose", town.home, *TERMS, "--uscc", FIRM.value, *signing.anna)
    options = signing.draft("letter", signer, "--code", proposed["code"])
    assert FIRM.value not in json.dumps(options) and signing.path("letter").stat().st_mode & 0o077 == 0
    letter = signing.sign("letter", signing.signed_in_browser(options))
    assert (letter["letter"], letter["state"], letter["signer"]) == (proposed["letter"], "ACTIVE", signer)
    assert town.run("letter", "check", town.home)["findings"] == []

    verified_offline(signing, letter["letter"], answered(signing, letter["letter"]))

    act = town.run("letter", "challenge", town.home, letter["letter"], "--act", "revoke", "--signer", signer)
    file = signing.file("revoked", signing.signed_in_browser(act))
    assert town.run("letter", "revoke", town.home, letter["letter"], "--passkey", file)["state"] == "REVOKED"
    with office(town.home) as opened:
        (reply,) = ask(opened, Asker(opened).question(FIRM, letter["letter"]))
    assert reply.code == "letter-not-in-force"


def answered(signing: Signing, letter: str) -> Path:
    """The file of an answer that a bank got over that letter."""
    with office(signing.town.home) as opened:
        question = Asker(opened).question(FIRM, letter)
        (reply,) = ask(opened, question)
        assert reply.items["paid_1m"] == "5000.00", reply.body
        signing.path("answer").write_bytes(answer_file(question, reply))
    return signing.path("answer")


def verified_offline(signing: Signing, letter: str, answer: Path) -> None:
    """It holds by the trust file that the zone gives, and by none that names another domain or origin."""
    town, trust, kept = signing.town, signing.path("trust"), signing.path("kept")
    town.run("letter", "show", town.home, letter, "--file", kept, *signing.anna, "--reason", "to verify")
    town.run("trust", "export", town.home, "--out", trust)
    told = town.run("verify", answer, "--trust", trust, "--letter", kept)
    assert told["valid"] and outcome(told) == "holds"
    exported = json.loads(trust.read_bytes())
    held = exported["zones"][0]["letters"]
    assert (held["rp_id"], held["origins"]) == ("localhost", [signing.own])
    for other in ({"rp_id": "zone.example"}, {"origins": [signing.other]}):
        exported["zones"][0]["letters"] = held | other
        trust.write_bytes(canonical(exported))
        with pytest.raises(Refused) as told_so:
            town.run("verify", answer, "--trust", trust, "--letter", kept)
        assert outcome(told_so.value.answer) == "fails"


def outcome(report: dict[str, Any]) -> str:
    return str({check["name"]: check["outcome"] for check in report["checks"]}["letter-evidence"])


def test_what_was_signed_once_signs_no_other_letter(enrolled: tuple[Signing, str]) -> None:
    signing, signer = enrolled
    assertion = signing.signed_in_browser(signing.draft("first", signer))
    assert signing.sign("first", assertion)["state"] == "ACTIVE"
    signing.draft("second", signer)
    assert signing.refused("second", assertion) == ("evidence-refused", "challenge")


def changed_signature(signing: Signing, options: dict[str, Any]) -> tuple[object, str]:
    assertion = signing.signed_in_browser(options)
    response = assertion["response"]
    raw = bytearray(urlsafe_b64decode(response["signature"] + "=="))
    raw[-1] ^= 1
    return assertion | {"response": response | {"signature": urlsafe_b64encode(raw).decode().rstrip("=")}}, "passkey"


def another_origin(signing: Signing, options: dict[str, Any]) -> tuple[object, str]:
    signing.page.open(signing.other)
    return signing.signed_in_browser(options), "origin"


def inside_another_site(signing: Signing, options: dict[str, Any]) -> tuple[object, str]:
    signing.page.open(signing.other)
    return signing.page.evaluate(FRAMED, options, {"site": signing.own}), "cross_origin"


def another_rp_id(signing: Signing, options: dict[str, Any]) -> tuple[object, str]:
    """The browser signs for no domain but the page's own; so the same key signs for that, and its data is put in."""
    assertion = signing.signed_in_browser(options)
    signing.page.open(signing.own.replace("localhost", "zone.localhost"))
    with pytest.raises(Rejected) as no:
        signing.signed_in_browser(options)
    assert no.value.name == "SecurityError"
    restored(signing, rpId="zone.localhost")
    elsewhere = signing.signed_in_browser(options | {"rpId": "zone.localhost"})["response"]
    signed = {name: elsewhere[name] for name in ("authenticatorData", "signature")}
    return assertion | {"response": assertion["response"] | signed}, "rp_id"


def user_not_verified(signing: Signing, options: dict[str, Any]) -> tuple[object, str]:
    signing.user_verified(False)
    with pytest.raises(Rejected) as no:
        signing.signed_in_browser(options)
    assert no.value.name == "NotAllowedError"
    return signing.signed_in_browser(options | {"userVerification": "discouraged"}), "user_verified"


def a_copy_that_counts_from_before(signing: Signing, options: dict[str, Any]) -> tuple[object, str]:
    restored(signing, signCount=0)
    return signing.signed_in_browser(options), "sign_count"


def restored(signing: Signing, **changed: object) -> None:
    """The passkey out of a copy of the device, changed so."""
    whose = {"authenticatorId": signing.authenticator}
    (held,) = signing.page.call("WebAuthn.getCredentials", **whose)["credentials"]
    signing.page.call("WebAuthn.removeCredential", credentialId=held["credentialId"], **whose)
    signing.page.call("WebAuthn.addCredential", credential=held | changed, **whose)


FORGERIES = (
    changed_signature, another_origin, inside_another_site, another_rp_id, user_not_verified,
    a_copy_that_counts_from_before,
)  # fmt: skip


@pytest.mark.parametrize("forged", FORGERIES, ids=lambda forged: forged.__name__)
def test_what_does_not_hold_signs_nothing(
    enrolled: tuple[Signing, str], forged: Callable[[Signing, dict[str, Any]], tuple[object, str]]
) -> None:
    signing, signer = enrolled
    assertion, part = forged(signing, signing.draft("letter", signer))
    assert signing.refused("letter", assertion) == ("evidence-refused", part)
    seen = signing.town.events("letter.refused")
    assert [(one["act"], one["code"]) for one in seen] == [("sign-letter", "evidence-refused")]


def test_a_device_that_verifies_nobody_is_not_enrolled(signing: Signing) -> None:
    """One that could and did not makes no passkey at all; one that cannot makes none for a page that asks for it."""
    options = signing.options()
    signing.user_verified(False)
    refused_by_browser(signing, options)
    signing.page.call("WebAuthn.removeVirtualAuthenticator", authenticatorId=signing.authenticator)
    signing.page.call("WebAuthn.addVirtualAuthenticator", options=AUTHENTICATOR | {"hasUserVerification": False})
    refused_by_browser(signing, options)
    options["authenticatorSelection"]["userVerification"] = "discouraged"
    with pytest.raises(Refused) as told:
        signing.enrol(signing.page.evaluate(CREATE, options))
    assert told.value.code == "evidence-refused"


def refused_by_browser(signing: Signing, options: dict[str, Any]) -> None:
    with pytest.raises(Rejected) as no:
        signing.page.evaluate(CREATE, options)
    assert no.value.name == "NotAllowedError"


def test_a_stub_that_starts_nothing_is_no_browser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ubuntu's package is such a one: it asks for a snap."""
    stub = tmp_path / "chromium-browser"
    stub.write_text("#!/bin/sh\necho requires the chromium snap >&2\nexit 1\n", "utf-8")
    stub.chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BrowserAbsent, match=r"chromium-browser does not start: .* requires the chromium snap"):
        chromium(tmp_path).__enter__()
    stub.unlink()
    with pytest.raises(BrowserAbsent, match="none of chromium, chromium-browser, google-chrome is on the PATH"):
        chromium(tmp_path).__enter__()
