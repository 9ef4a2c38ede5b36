"""`puhui trust …`, `replay`, `trace`: what makes an answer checkable, and shows a subject every use of its data."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from puhui.bootstrap import now, open_zone
from puhui.bootstrap.questions import replay_rooms, trace_rooms, trust_file, witness_files
from puhui.cli.options import AsJson, By, Home, KeyFile, MaybeBy, Reason
from puhui.cli.output import out, print_json, print_table, refusals, say
from puhui.cli.snapshots import identifier_given
from puhui.desk.looks import find_recorded
from puhui.desk.officers import acting_officer
from puhui.gateway.replay import EQUAL, replay
from puhui.gateway.trace import Use, trace
from puhui.wire.answers import read_answer, read_answer_file
from puhui.wire.keys import ED25519
from puhui.wire.trust import write_trust

trust_app = typer.Typer(help="信任文件与见证方 · the trust file, and witnesses", no_args_is_help=True)
REPLAY_EXIT = {EQUAL: 0, "different": 1, "erased": 8, "redacted": 8}


def register(app: typer.Typer) -> None:
    app.add_typer(trust_app, name="trust")
    app.command("replay")(replay_answer)
    app.command("trace")(trace_subject)


@trust_app.command("export")
def export(
    home: Home, target: Annotated[Path, typer.Option("--out", help="写到 · file")], as_json: AsJson = False
) -> None:
    """导出信任文件：核验答复所需的全部公钥 · Write the trust file: every public key that a check needs."""
    with refusals(as_json):
        trust = trust_file(open_zone(home))
        raw = write_trust(trust)
    draft = target.with_name(f".{target.name}")
    draft.write_bytes(raw)
    os.replace(draft, target)
    present = trust.zones[0]
    told = {
        "file": str(target), "origin": present.origin,
        "log_keys": [key.vkey for key in present.log_keys_of(ED25519)],  # which a witness is told
        "institutions": len(trust.institutions), "witnesses": len(trust.witnesses), "quorum": trust.quorum,
    }  # fmt: skip
    print_json(told) if as_json else out.print(say(f"已写入 {target}", f"Written to {target}"))


@trust_app.command("add-witness")
def add_witness(
    home: Home,
    vkey: Annotated[str, typer.Option("--vkey", help="见证方公钥 · the witness's verifier key")],
    url: Annotated[str, typer.Option("--url", help="见证方网址 · its URL")],
    by: MaybeBy = "",
    key_file: KeyFile = None,
    as_json: AsJson = False,
) -> None:
    """让专区请一个见证方联署；重启后生效 · Ask a witness to cosign, from the next start on."""
    with refusals(as_json):
        zone = open_zone(home)
        officer = acting_officer(by, key_file, zone.desk)
        key = witness_files(zone).add(vkey, url)
        zone.register.event("witness-added", officer, now(), {"name": key.name, "url": url})
    told = {"witness": key.name, "url": url}
    print_json(told) if as_json else out.print(say(f"已加入见证方 {key.name}", f"The zone asks {key.name}"))


def replay_answer(
    answer: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="答复文件 · the answer file")],
    home: Home,
    as_json: AsJson = False,
) -> None:
    """按答复所列版本和定义重算指标 · Compute an answer's figures again from the editions that it names."""
    with refusals(as_json):
        body = read_answer(read_answer_file(answer.read_bytes()).response.body.encode())
        done = replay(body, replay_rooms(open_zone(home)))
    told = {"replay": done.outcome, "differing": list(done.differing), "index": body.form.receipt.index}
    words = {
        EQUAL: say("重算结果一致", "The figures are equal"),
        "different": say("重算结果不同：", "These differ: ") + ", ".join(done.differing),
        "erased": say("主体已依法删除，无法重算", "The subject was erased by law"),
        "redacted": say("所列版本已依法清除，无法重算", "An edition that it names was redacted by law"),
    }
    print_json(told) if as_json else out.print(words[done.outcome])
    raise typer.Exit(REPLAY_EXIT[done.outcome])


def trace_subject(
    home: Home,
    by: By,
    reason: Reason,
    uscc: Annotated[str, typer.Option("--uscc", help="统一社会信用代码；- 从标准输入读 · - reads stdin")] = "",
    ric: Annotated[str, typer.Option("--ric", help="公民身份号码；- 从标准输入读 · - reads stdin")] = "",
    key: Annotated[tuple[str, str] | None, typer.Option("--key", help="其他标识：种类 值 · KIND VALUE")] = None,
    key_file: Annotated[Path | None, typer.Option("--key-file", help="经办人私钥 · officer's key file")] = None,
    as_json: AsJson = False,
) -> None:
    """一个主体的数据被谁何时用过，逐条附证明（留痕） · Every use of a subject's data, with proof (recorded)."""
    with refusals(as_json):
        zone = open_zone(home)
        officer = acting_officer(by, key_file, zone.desk)
        subject = find_recorded(zone.desk, identifier_given(uscc, ric, key), "trace", by=officer, reason=reason)
        uses = list(trace(subject, trace_rooms(zone)))
    if as_json:
        print_json({"uses": [use.as_dict() for use in uses]})
    else:
        print_uses(uses)


def print_uses(uses: Sequence[Use]) -> None:
    """A table for people, a line for each use."""
    heads = (
        say("序号", "index"),
        say("时间", "at"),
        say("机构", "institution"),
        say("事项", "what"),
        say("证明", "proof"),
    )
    print_table(say("数据使用记录", "Uses of the data"), heads, [_row(use) for use in uses])


def _detail(use: Use) -> Mapping[str, Any]:
    """What an event's writer said; nothing where this is no event, or has no canonical form."""
    told = use.says.get("detail")
    return told if isinstance(told, dict) else {}


_KINDS = {  # kind of an entry about a subject → what people call it
    "access": ("工作人员查阅", "seen by staff"),
    "answer": ("答复", "answered"),
    "contract": ("监测", "monitor"),
    "correction": ("异议", "objection"),
    "erasure": ("删除", "erasure"),
    "letter": ("授权书", "letter"),
    "refusal": ("拒答", "refused"),
    "sealed": ("依法暂不公开", "sealed by law"),
    "signer": ("签署人", "signer"),
}


def _row(use: Use) -> list[Any]:
    what = use.says.get("product") or use.says.get("event")
    code = use.says.get("code") or _detail(use).get("code")
    proof = say("有", "yes") if use.proof else "–"
    told = " ".join(filter(None, (say(*_KINDS.get(use.kind, (use.kind, use.kind))), what, code)))
    return [use.index, f"{use.at:%Y-%m-%d %H:%M:%S}", use.institution, told, proof]
