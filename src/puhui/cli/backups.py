"""`puhui backup`, `puhui restore`: a zone copied while it serves, and brought back as it has to be now."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from puhui.bootstrap import Zone, open_zone
from puhui.bootstrap.questions import back_up, restore_zone
from puhui.cli.options import AsJson, Home, KeyFile, MaybeBy, Why
from puhui.cli.output import out, print_answer, print_json, progress, refusals, say
from puhui.desk.officers import acting_officer
from puhui.model.refusal import Said
from puhui.model.refusals import HomeRefused


def register(app: typer.Typer) -> None:
    app.command("backup")(backup)
    app.command("restore")(restore)


def backup(
    home: Home,
    target: Annotated[Path, typer.Option("--out", help="备份写到的空文件夹 · an empty folder")],
    keys_target: Annotated[
        Path | None, typer.Option("--keys-out", help="密钥写到的另一空文件夹 · another one, for the keys")
    ] = None,
    figures: Annotated[bool, typer.Option(help="含指标；不含则恢复后重算 · with the figures, or built again")] = True,
    by: MaybeBy = "",
    key_file: KeyFile = None,
    as_json: AsJson = False,
) -> None:
    """备份专区；运行中也可，密钥另存 · Back the zone up while it serves; the keys go apart."""
    with refusals(as_json):
        zone = open_zone(home)
        officer = acting_officer(by, key_file, zone.desk)
        with progress(say("备份", "Backing up"), as_json):
            told = back_up(zone, target, keys_target, by=officer, with_figures=figures)
    print_json(told) if as_json else print_answer(told)


def restore(
    source: Annotated[Path, typer.Argument(metavar="DIR", help="备份文件夹 · the backup")],
    home: Home,
    keys: Annotated[
        Path | None, typer.Option("--keys", help="密钥备份，越新越好 · the backup of the keys, the newest")
    ] = None,
    journal: Annotated[
        Path | None,
        typer.Option("--journal", help="最新的删除与撤销日志所在文件夹 · folder of newest journals"),
    ] = None,
    without_journal: Annotated[
        bool,
        typer.Option("--without-journal", help="没有更新的日志：备份后的删除与撤销会丢失 · there is no newer journal"),
    ] = False,
    complete: Annotated[
        bool, typer.Option("--complete", help="备份之后未答复过任何提问 · nothing was answered after the backup")
    ] = False,
    database: Annotated[str, typer.Option("--database", help="恢复到的空 PostgreSQL 库 · an empty database")] = "",
    by: MaybeBy = "",
    key_file: KeyFile = None,
    reason: Why = "",
    as_json: AsJson = False,
) -> None:
    """从备份恢复专区：重放删除与撤销，询问见证方 · Bring a zone back: journals replayed, witnesses asked."""
    with refusals(as_json):
        if (journal is None) != without_journal:
            raise HomeRefused(
                Said("须用 --journal 给出日志，或写明 --without-journal", "give --journal, or say --without-journal"),
                todo=Said(
                    "备份之后被删除或撤销的，只有日志知道", "what was erased or revoked since, only the journals know"
                ),
            )

        def officer(zone: Zone) -> str:
            return acting_officer(by, key_file, zone.desk)

        with progress(say("恢复", "Restoring"), as_json):
            told = restore_zone(
                source, home, officer,
                keys=keys, journals=journal, reason=reason, complete=complete, database=database,
            )  # fmt: skip
    if as_json:
        print_json(told)
        return
    print_answer(told)
    if not complete:
        out.print(
            say(
                "日志已换名换钥：请让见证方跟随新日志，并重新导出、分发信任文件",
                "The log goes on under another name and key: let the witnesses follow it, hand the trust file out anew",
            )
        )
