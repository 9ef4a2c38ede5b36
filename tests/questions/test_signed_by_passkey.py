"""What a passkey signs by the command line, with an authenticator in software: letters, and words about them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url

from puhui.bootstrap import open_letters
from puhui.wire.letters import bytes_of, signer_id

from ..journeys.town import Refused, Town
from ..unit.authenticator import Authenticator
from .town import ANNA, BEN, FIRM, QUIET, key

TERMS = ("--institution", "bank-a", "--wording", "firm_letter", "--months", 24, "--cap", 4, "--days", 9,
         "--keep-days", 365, "--tick", "tax", "--tick", "register")  # fmt: skip


@pytest.fixture
def town(town_with_banks: Path, tmp_path: Path) -> Town:
    return Town(shutil.copytree(town_with_banks, tmp_path / "town", symlinks=True) / "home")


@pytest.fixture
def passkey(town: Town) -> Authenticator:
    """One that ANNA holds for FIRM, enrolled."""
    made = Authenticator(open_letters(town.home)[0].party)
    enrol(town, made, ("--uscc", FIRM.value, "--person", ANNA.value))
    return made


def enrol(town: Town, made: Authenticator, whose: tuple[str, ...]) -> str:
    challenge = town.run("signer", "challenge", town.home, *whose[:2])["challenge"]
    file = write(town, "registration", made.create(base64url_to_bytes(challenge)))
    proof = ("--proof", "eid", "--reference", "EID-1", *anna(town))
    return str(town.run("signer", "enrol", town.home, "--passkey", file, *whose, *proof)["signer"])


def anna(town: Town) -> tuple[object, ...]:
    return ("--by", "anna", "--key-file", town.home.parent / "anna.key")


def write(town: Town, name: str, content: object) -> Path:
    file = town.home.parent / f"{name}.json"
    file.write_text(json.dumps(content), "utf-8")
    return file


def signer_of(town: Town, passkey: Authenticator) -> str:
    signers = open_letters(town.home)[0].signers
    token = open_letters(town.home)[0].find(FIRM).token
    return next(one.id for one in signers.signers_of(token) if one.public == passkey.public)


def signed(town: Town, passkey: Authenticator, options: dict[str, Any]) -> Path:
    """What a browser would give for these options."""
    evidence = passkey.assert_(base64url_to_bytes(options["challenge"]))
    parts = {"clientDataJSON": "client_data", "authenticatorData": "authenticator_data", "signature": "signature"}
    response = {name: bytes_to_base64url(bytes_of(getattr(evidence, part))) for name, part in parts.items()}
    credential = bytes_to_base64url(passkey.credential)
    told = {"id": credential, "rawId": credential, "type": "public-key", "response": response}
    return write(town, "signed", told)


def drafted(town: Town, signer: str, *more: object, about: str = FIRM.value) -> tuple[Path, dict[str, Any]]:
    file = town.home.parent / "draft.json"
    said = (*TERMS, *more, "--uscc", about, "--signer", signer, "--out", file)
    return file, dict(town.run("letter", "draft", town.home, *said))


def test_a_letter_is_signed_paused_resumed_and_revoked(town: Town, passkey: Authenticator) -> None:
    signer = signer_of(town, passkey)
    file, options = drafted(town, signer)
    assert options["userVerification"] == "required" and len(options["allowCredentials"]) == 1
    letter = town.run("letter", "sign", town.home, "--draft", file, "--passkey", signed(town, passkey, options))
    assert (letter["state"], letter["signer"]) == ("ACTIVE", signer)
    for act, state in (("pause", "PAUSED"), ("resume", "ACTIVE"), ("revoke", "REVOKED")):
        challenge = ("letter", "challenge", town.home, letter["letter"], "--signer", signer, "--act", act)
        given = signed(town, passkey, town.run(*challenge))
        assert town.run("letter", act, town.home, letter["letter"], "--passkey", given)["state"] == state
    assert town.run("letter", "check", town.home)["findings"] == []


def test_the_text_is_shown_before_anything_is_ticked(town: Town, passkey: Authenticator) -> None:
    shown = ("letter", "draft", town.home, *TERMS[:-4], "--uscc", FIRM.value, "--signer", signer_of(town, passkey))
    assert "bank-a" in town.run(*shown)["text"]
    with pytest.raises(Refused) as told:  # nothing is ticked by itself
        town.run(*shown, "--out", town.home.parent / "draft.json")
    assert told.value.code == "letter-refused"


def test_a_pause_is_no_revocation(town: Town, passkey: Authenticator) -> None:
    signer = signer_of(town, passkey)
    file, options = drafted(town, signer)
    letter = town.run("letter", "sign", town.home, "--draft", file, "--passkey", signed(town, passkey, options))
    challenge = ("letter", "challenge", town.home, letter["letter"], "--signer", signer, "--act", "pause")
    given = signed(town, passkey, town.run(*challenge))
    with pytest.raises(Refused) as told:
        town.run("letter", "revoke", town.home, letter["letter"], "--passkey", given)
    assert (told.value.code, told.value.answer["where"]) == ("evidence-refused", "challenge")


def test_a_proposal_is_declined(town: Town, passkey: Authenticator) -> None:
    proposed = town.run("letter", "propose", town.home, *TERMS[:-4], "--uscc", FIRM.value, *anna(town))
    challenge = ("letter", "challenge", town.home, proposed["letter"], "--act", "decline")
    options = town.run(*challenge, "--signer", signer_of(town, passkey))
    about = ("--uscc", FIRM.value, "--passkey", signed(town, passkey, options))
    assert town.run("letter", "decline", town.home, proposed["letter"], *about) == {"letter": proposed["letter"]}
    with pytest.raises(Refused) as told:
        town.run("letter", "draft", town.home, "--proposal", proposed["letter"], "--uscc", FIRM.value, "--signer",
                 signer_of(town, passkey), "--tick", "all", "--out", town.home.parent / "late.json")  # fmt: skip
    assert told.value.code == "unknown-name"


def test_a_passkey_signs_for_its_own_subject_alone(town: Town, passkey: Authenticator) -> None:
    bens = Authenticator(passkey.party, credential=b"another-id-of-16")
    stranger = enrol(town, bens, ("--ric", BEN.value))
    file, options = drafted(town, signer_of(town, passkey))
    for signs, about in ((bens, FIRM.value), (passkey, QUIET.value)):
        if about != FIRM.value:
            file, options = drafted(town, signer_of(town, passkey), about=about)
        with pytest.raises(Refused) as told:
            town.run("letter", "sign", town.home, "--draft", file, "--passkey", signed(town, signs, options))
        assert (told.value.code, told.value.answer["where"]) == ("signer-refused", "signer")
    file, options = drafted(town, stranger)  # the letter names another subject's passkey, and FIRM's own signs it
    with pytest.raises(Refused) as told:
        town.run("letter", "sign", town.home, "--draft", file, "--passkey", signed(town, passkey, options))
    assert (told.value.code, told.value.answer["where"]) == ("evidence-refused", "signer")


def test_no_letter_is_drafted_for_what_is_no_passkey_in_force(town: Town, passkey: Authenticator) -> None:
    signer = signer_of(town, passkey)
    town.run("signer", "revoke", town.home, signer, *anna(town), "--reason", "device lost")
    a_key = signer_id("ed25519", key("firm").verifying().public)
    for name in (signer, "G-nobody", a_key):
        with pytest.raises(Refused) as told:
            drafted(town, name)
        assert told.value.code == "signer-refused"


def test_what_is_given_in_files(town: Town, passkey: Authenticator) -> None:
    file, options = drafted(town, signer_of(town, passkey))
    good, none, text = signed(town, passkey, options), town.home.parent / "none", write(town, "text", "no object")
    wrong = [
        (("--draft", file), "input-refused"),
        (("--passkey", good), "input-refused"),
        (("--draft", none, "--passkey", good), "input-refused"),
        (("--draft", file, "--passkey", none), "input-refused"),
        (("--draft", file, "--passkey", text), "input-refused"),
        (("--draft", file, "--passkey", good, "--key", none), "input-refused"),
        (("--draft", good, "--passkey", good), "not-verified"),
        (("--draft", file, "--passkey", write(town, "empty", {})), "evidence-refused"),
    ]
    for given, code in wrong:
        with pytest.raises(Refused) as told:
            town.run("letter", "sign", town.home, *given)
        assert told.value.code == code, given
    with pytest.raises(Refused) as told:
        town.run("letter", "challenge", town.home, "L-1", "--signer", "G-1", "--act", "read")
    assert told.value.code == "unknown-name"
