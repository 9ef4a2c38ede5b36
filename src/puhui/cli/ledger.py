"""Commands of the log: check the whole of it, prove an entry, an institution's statement of a month."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Annotated

import typer

from puhui.bootstrap import open_zone
from puhui.bootstrap.questions import witness_files, zone_log
from puhui.cli.options import AsJson, Home
from puhui.cli.output import out, print_json, print_table, progress, refusals, say
from puhui.ledger.checking import LogReport
from puhui.metering.statement import Statement
from puhui.model.refusal import Said
from puhui.model.refusals import UnknownName
from puhui.wire.notes import NoteVerifier

ledger_app = typer.Typer(help="日志 · the log of questions and changes", no_args_is_help=True)
BROKEN = 6  # exit code: the log contradicts itself


def register(app: typer.Typer) -> None:
    app.add_typer(ledger_app, name="ledger")
    app.command()(statement)


@ledger_app.command("check")
def check(
    home: Home,
    records: Annotated[bool, typer.Option("--records", help="逐条打开记录 · open every record too (slower)")] = False,
    witness: Annotated[
        list[str] | None, typer.Option("--witness", help="再加一个见证方公钥（vkey） · another witness's key")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """从存储核对整个日志：每条、每个检查点、每个瓦片 · Check the whole log from storage."""
    with refusals(as_json), progress(say("核对日志", "Checking the log"), as_json) as step:
        zone = open_zone(home)
        log = zone_log(zone)
        keys = [*(key for key, _ in witness_files(zone).listed()), *(_vkey(text) for text in witness or ())]
        report = log.check(keys, records=records, step=lambda done: step(f"{done:,}"))
    _print_report(report, as_json)
    raise typer.Exit(0 if report.ok else BROKEN)


def _vkey(text: str) -> NoteVerifier:
    try:
        return NoteVerifier.parse(text)
    except ValueError:
        raise UnknownName(
            Said("见证方公钥格式不符", "the witness's key has another form"),
            todo=Said("写作 名称+编号+base64", "write name+id+base64, as the witness prints it"),
        ) from None


def _print_report(report: LogReport, as_json: bool) -> None:
    if as_json:
        print_json(report.as_dict())
        return
    title = say("日志无误", "The log is sound") if report.ok else say("日志自相矛盾", "The log contradicts itself")
    heads = [say("条目", "entries"), say("检查点", "checkpoints"), say("瓦片", "tiles"), say("问题", "findings")]
    print_table(title, heads, [[report.entries, report.checkpoints, report.tiles, report.found]])
    for finding in report.findings:
        out.print(f"  {finding.code}: {finding.where}", markup=False, highlight=False)


@ledger_app.command("proof")
def proof(
    home: Home,
    index: Annotated[int, typer.Argument(help="序号，从 0 起 · the entry's index, from 0")],
    as_json: AsJson = False,
) -> None:
    """打印一条的证明（C2SP tlog-proof） · Print the proof of one entry, to be kept as a file."""
    with refusals(as_json):
        text = zone_log(open_zone(home)).archive.proof_text(index)
    print_json({"index": index, "proof": text}) if as_json else sys.stdout.write(text)


def statement(
    home: Home,
    institution: Annotated[str, typer.Option("--institution", help="机构 · the institution's id")],
    month: Annotated[str, typer.Option("--month", help="月份 YYYY-MM · the month")],
    as_csv: Annotated[bool, typer.Option("--csv", help="输出 CSV 明细 · print the lines as CSV")] = False,
    output: Annotated[Path | None, typer.Option("--out", help="写入文件 · write to a file")] = None,
    as_json: AsJson = False,
) -> None:
    """一家机构一个月的对账单，条数与摘要可与日志核对 · An institution's month, which reconciles to the log."""
    with refusals(as_json):
        if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", month):
            raise UnknownName(
                Said("月份写作 YYYY-MM", "a month is written YYYY-MM"), todo=Said("例如 2026-11", "2026-11, for one")
            )
        made = zone_log(open_zone(home)).statement(institution, month)
    if output:
        output.write_text(made.as_csv(), encoding="utf-8", newline="")
    if as_csv:
        sys.stdout.write(made.as_csv())
    elif as_json:
        print_json(made.as_dict())
    elif not output:
        _print_statement(made)


def _print_statement(made: Statement) -> None:
    heads = [
        say("合同", "contract"),
        say("产品", "product"),
        say("提问", "asked"),
        say("答复", "answered"),
        say("元", "yuan"),
    ]
    rows = [[one.contract, one.product, one.asked, one.answered, f"{one.fen / 100:.2f}"] for one in made.totals]
    print_table(f"{made.institution} {made.month}", heads, rows)
    out.print(say(f"摘要 {made.digest}", f"digest {made.digest}"), highlight=False)
