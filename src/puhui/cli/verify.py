"""`puhui verify`, `verify-inclusion`, `verify-consistency`: checks for anybody, offline, without a zone.

Exit code 0: valid; 1: not valid; 2: what was given has another form, so nothing was checked.
"""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from puhui.cli.options import AsJson
from puhui.cli.output import language, out, print_json, print_table, refusals, say
from puhui.model.refusal import Said
from puhui.model.refusals_question import InputRefused

if TYPE_CHECKING:
    from puhui.wire.letters import AttendedEvidence, PasskeyEvidence
    from puhui.wire.trust import Letters
    from puhui.wire.verify import EvidenceCheckers, Report

MAX_INPUT = 1_000_000  # bytes of standard input
ExistingFile = typer.Argument(exists=True, dir_okay=False, help="答复文件 · the answer file")
_OUTCOMES = {"holds": "[green]✓[/]", "fails": "[bold red]✗[/]", "absent": "–", "unreached": "[red]?[/]"}


def register(app: typer.Typer) -> None:
    app.command("verify")(verify)
    app.command("verify-inclusion")(verify_inclusion_command)
    app.command("verify-consistency")(verify_consistency_command)


def verify(
    answer: Annotated[Path, ExistingFile],
    trust: Annotated[Path, typer.Option("--trust", exists=True, dir_okay=False, help="信任文件 · the trust file")],
    letter: Annotated[
        Path | None, typer.Option("--letter", exists=True, dir_okay=False, help="授权书文件 · the letter")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """离线核验答复：逐项报告是否成立 · Verify an answer offline, each promise by its name."""
    from puhui.wire.trust import read_trust
    from puhui.wire.verify import verify_answer

    with refusals(as_json):
        trusted = read_trust(trust.read_bytes())
    given = None if letter is None else letter.read_bytes()
    report = verify_answer(answer.read_bytes(), trusted, _now(), given, evidence_checkers())
    _print(report, as_json)
    raise typer.Exit(0 if report.valid else 1)


def _now() -> datetime | None:
    return datetime.now(UTC)


def evidence_checkers() -> EvidenceCheckers:
    """Passkeys and attending officers, held against the trust file."""
    from puhui.wire.verify import EvidenceCheckers

    return EvidenceCheckers(_passkey, _attended)


def _passkey(evidence: PasskeyEvidence, digest: bytes, letters: Letters) -> bool:
    from puhui.consent.evidence import RelyingParty, passkey_holds

    return passkey_holds(evidence, digest, RelyingParty(letters.rp_id, letters.origins))


def _attended(evidence: AttendedEvidence, domain: str, digest: bytes, letters: Letters) -> bool:
    from puhui.consent.evidence import attended_holds

    officers = {officer.name: base64.b64decode(officer.public) for officer in letters.officers}
    return attended_holds(evidence, domain, digest, officers)


def _print(report: Report, as_json: bool) -> None:
    print_json(report.as_dict()) if as_json else print_report(report)


def print_report(report: Report) -> None:
    """A table for people: each check by its name, and the verdict."""
    rows = [(_OUTCOMES[check.outcome.value], check.name, check.said.in_language(language())) for check in report.checks]
    print_table(say("答复的核验", "Verification of the answer"), ["", say("检查", "check"), say("结果", "found")], rows)
    _print_verdict(report.valid)


def _print_verdict(valid: bool) -> None:
    out.print(say("[green]有效[/]", "[green]valid[/]") if valid else say("[bold red]无效[/]", "[bold red]not valid[/]"))


def verify_inclusion_command(as_json: AsJson = False) -> None:
    """核验包含证明，从标准输入读 JSON · Verify an inclusion proof (RFC 9162) that is read from standard input.

    {"leafHash","leafIndex","treeSize","proof","root"}，哈希为 base64 · hashes in base64.
    """
    from puhui.wire.tlog import verify_inclusion

    with refusals(as_json):
        given = _read_input()
        index = _number(given, "leafIndex", "leafIdx")  # published test vectors write either
        valid = verify_inclusion(
            _hash(given, "leafHash"), index, _number(given, "treeSize"), _proof(given), _hash(given, "root")
        )
    _end(valid, as_json)


def verify_consistency_command(as_json: AsJson = False) -> None:
    """核验一致性证明，从标准输入读 JSON · Verify a consistency proof (RFC 9162) that is read from standard input.

    {"size1","size2","proof","root1","root2"}，哈希为 base64 · hashes in base64.
    """
    from puhui.wire.tlog import verify_consistency

    with refusals(as_json):
        given = _read_input()
        valid = verify_consistency(
            _number(given, "size1"),
            _number(given, "size2"),
            _proof(given),
            _hash(given, "root1"),
            _hash(given, "root2"),
        )
    _end(valid, as_json)


def _end(valid: bool, as_json: bool) -> NoReturn:
    if as_json:
        print_json({"valid": valid})
    else:
        _print_verdict(valid)
    raise typer.Exit(0 if valid else 1)


def _read_input() -> Mapping[str, Any]:
    """The JSON object on standard input. Keys that are not asked for are of no account."""
    raw = sys.stdin.buffer.read(MAX_INPUT + 1)
    if len(raw) > MAX_INPUT:
        raise _refused("标准输入过长", "standard input is too long", "")
    try:
        given = json.loads(raw)
    except (ValueError, RecursionError):
        raise _refused("标准输入不是 JSON", "standard input is not JSON", "") from None
    if not isinstance(given, dict):
        raise _refused("标准输入不是 JSON 对象", "standard input is not a JSON object", "")
    return given


def _number(given: Mapping[str, Any], *names: str) -> int:
    value = next((given[name] for name in names if name in given), None)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise _refused(f"{names[0]} 应为不小于 0 的整数", f"{names[0]} is not a whole number from 0 on", names[0])
    return value


def _hash(given: Mapping[str, Any], name: str) -> bytes:
    return _bytes(given.get(name), name)


def _proof(given: Mapping[str, Any]) -> tuple[bytes, ...]:
    """The hashes of the proof; none where it is `null`, as the published vectors write an empty one."""
    listed = given.get("proof", "")
    if listed is not None and not isinstance(listed, list):
        raise _refused("proof 应为 base64 列表", "proof is not a list of base64 texts", "proof")
    return tuple(_bytes(value, "proof") for value in listed or ())


def _bytes(value: object, name: str) -> bytes:
    """The bytes of a base64 text, of any length: one that is no hash is not valid, rather than not readable."""
    from puhui.wire.notes import decode_base64

    try:
        if isinstance(value, str):
            return decode_base64(value)
    except ValueError:
        pass
    raise _refused(f"{name} 不是 base64", f"{name} is not base64", name)


def _refused(zh: str, en: str, where: str) -> InputRefused:
    todo = Said("按 puhui verify-… --help 的格式给出输入", "give what `puhui verify-… --help` describes")
    return InputRefused(Said(zh, en), todo=todo, where=where)
