"""Commands of signers: enrol a key or a passkey that signs for a subject, and revoke it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, cast

import typer

from puhui.bootstrap import open_letters
from puhui.cli.letter_options import (
    Officer,
    OfficerKey,
    Ric,
    Second,
    SecondKey,
    Uscc,
    evidence_of,
    given,
    identifier_in,
    officers_acting,
)
from puhui.cli.options import AsJson, Home
from puhui.cli.output import out, print_json, refusals, say
from puhui.cli.passkey_files import one_of, read_credential
from puhui.consent.signers import Signer
from puhui.desk.letter_rooms import LetterRooms
from puhui.desk.officers import acting_officer
from puhui.desk.signers import (
    EnrolledBy,
    Request,
    enrol_key,
    enrol_passkey,
    enrol_statement,
    passkey_challenge,
    passkey_options,
    revoke_signer,
)
from puhui.model.subject import Identifier
from puhui.wire.keys import read_private
from puhui.wire.letters import ENROL, Proof

signer_app = typer.Typer(help="签署人 · who may sign for a subject", no_args_is_help=True)

CHALLENGE = "puhui signer challenge"
Holding = Annotated[Path | None, typer.Option("--key", help="签署人私钥文件 · the signer's key file")]
Passkey = Annotated[
    Path | None, typer.Option("--passkey", help="浏览器返回的通行密钥登记结果（JSON） · what the browser gave: JSON")
]


def register(app: typer.Typer) -> None:
    app.add_typer(signer_app, name="signer")


@signer_app.command("enrol")
def signer_enrol(
    home: Home,
    by: Officer,
    reference: Annotated[str, typer.Option("--reference", help="实名核验编号 · reference of the real-name proof")],
    key: Holding = None,
    passkey: Passkey = None,
    proof: Annotated[str, typer.Option("--proof", help="eid | licence | attended")] = "attended",
    uscc: Uscc = "",
    ric: Ric = "",
    person: Annotated[str, typer.Option("--person", help="签署人身份证号；- 标准输入 · the signing person's ric")] = "",
    capacity: Annotated[str, typer.Option("--capacity", help="self | representative | guardian")] = "",
    by_key: OfficerKey = None,
    second: Second = "",
    second_key: SecondKey = None,
    as_json: AsJson = False,
) -> None:
    """实名核验后登记签署密钥或通行密钥 · Enrol a key or a passkey that signs for a subject, after a real-name proof."""
    with refusals(as_json):
        rooms, _ = open_letters(home)
        names = officers_acting(rooms, (by, by_key), (second, second_key))
        subject, holder = identifier_in(uscc, ric), Identifier("ric", given(person)) if person else None
        chosen = capacity or ("representative" if subject.kind == "uscc" and holder else "self")
        request = Request(subject, cast(Any, chosen), Proof(kind=cast(Any, proof), reference=reference), holder)
        signer = _enrolled(rooms, request, key, passkey, names)
    answer = {"signer": signer.id, "capacity": signer.capacity, "algorithm": signer.algorithm}
    print_json(answer) if as_json else out.print(
        say(f"已登记 {signer.id}", f"{signer.id} is enrolled"), highlight=False
    )


def _enrolled(rooms: LetterRooms, request: Request, key: Path | None, passkey: Path | None, by: EnrolledBy) -> Signer:
    """The signer of the one thing that was given: a key file, or what a browser gave of a passkey."""
    one_of(key, passkey, CHALLENGE)
    if key is not None:
        signing = read_private(key, "signer")
        public = signing.verifying()
        statement = enrol_statement(rooms, request.subject, public.algorithm, public.public)
        return enrol_key(rooms, request, evidence_of(signing, ENROL, statement), by=by)
    credential = read_credential(passkey, CHALLENGE)
    return enrol_passkey(rooms, request, credential, passkey_challenge(rooms, request.subject), by=by)


@signer_app.command("challenge")
def signer_challenge(home: Home, uscc: Uscc = "", ric: Ric = "", as_json: AsJson = False) -> None:
    """打印登记通行密钥用的参数（JSON） · Print the options under which a browser makes a subject's passkey, as JSON."""
    with refusals(as_json):
        rooms, _ = open_letters(home)
        options = passkey_options(rooms, identifier_in(uscc, ric))
    print_json(options)


@signer_app.command("revoke")
def signer_revoke(
    home: Home,
    signer: Annotated[str, typer.Argument(help="签署人编号 · the signer's id")],
    by: Officer,
    reason: Annotated[str, typer.Option("--reason", help="事由 · the reason")],
    by_key: OfficerKey = None,
    as_json: AsJson = False,
) -> None:
    """注销签署密钥；代理人签署的授权书随之终止 · Revoke a signer; the letters of an agent end with it."""
    with refusals(as_json):
        rooms, _ = open_letters(home)
        gone = revoke_signer(rooms, signer, by=acting_officer(by, by_key, rooms), reason=reason)
    print_json({"signer": gone.id, "state": gone.state}) if as_json else out.print(say("已注销", "revoked"))
