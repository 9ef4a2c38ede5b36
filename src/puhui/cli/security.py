"""`puhui security check`: the log of strangers' refusals, held against what the ledger says of it."""

from __future__ import annotations

import typer

from puhui.bootstrap import open_zone
from puhui.bootstrap.questions import check_security
from puhui.cli.ledger import BROKEN
from puhui.cli.options import AsJson, Home
from puhui.cli.output import out, print_json, print_table, refusals, say
from puhui.ledger.security import SecurityReport

security_app = typer.Typer(help="安全日志 · the log of strangers' refusals", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.add_typer(security_app, name="security")


@security_app.callback()
def _group() -> None:
    """安全日志 · The log of strangers' refusals."""


@security_app.command("check")
def check(home: Home, as_json: AsJson = False) -> None:
    """核对安全日志各文件与日志中的摘要 · Hold the files of the security log against their digests in the ledger."""
    with refusals(as_json):
        report = check_security(open_zone(home))
    print_json(report.as_dict()) if as_json else _print(report)
    raise typer.Exit(0 if report.ok else BROKEN)


def _print(report: SecurityReport) -> None:
    title = (
        say("安全日志与日志一致", "The security log is what the ledger says")
        if report.ok
        else say("安全日志被改动", "The security log was changed")
    )
    heads = [say("文件", "files"), say("摘要", "digests"), say("尚无摘要的字节", "bytes without a digest yet")]
    print_table(title, heads, [[report.files, report.entries, sum(report.unlogged.values())]])
    for finding in report.findings:
        out.print(f"  {finding.code}: {finding.where}", markup=False, highlight=False)
