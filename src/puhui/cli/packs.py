"""Commands of packs: check, test, make, compare, activate; and what the column policy says of an indicator."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from puhui.bootstrap import default_packs, open_zone
from puhui.bootstrap.packs import check_pack, diff_packs, new_pack_at, test_pack
from puhui.cli.options import AsJson, Home, Key, MaybeBy, Reason
from puhui.cli.output import language, out, print_json, print_proposal, print_table, refusals, say
from puhui.desk.acts import ACTIVATE, propose_act
from puhui.desk.officers import acting_officer
from puhui.disclosure.explain import explain as explain_indicator

pack_app = typer.Typer(help="数据包 · packs", no_args_is_help=True)
policy_app = typer.Typer(help="字段政策 · the column policy", no_args_is_help=True)
EFFECTS = {"loosened": ("放宽", "loosened"), "tightened": ("收紧", "tightened"), "neutral": ("", "")}
KINDS = {"added": ("新增", "added"), "removed": ("删除", "removed"), "changed": ("改动", "changed")}
LONGEST = 60  # characters of a value that are shown
Folder = Annotated[Path, typer.Argument(help="数据包文件夹 · pack folder")]


def register(app: typer.Typer) -> None:
    app.add_typer(pack_app, name="pack")
    app.add_typer(policy_app, name="policy")


@pack_app.command("check")
def check(folder: Folder, as_json: AsJson = False) -> None:
    """检查数据包，一次列出全部错误 · Check a pack: every mistake at once."""
    with refusals(as_json):
        packs = check_pack(folder)
    answer = {"pack": folder.name, "digest": packs.digest, "resources": len(packs.resources),
              "indicators": len(packs.indicators)}  # fmt: skip
    print_json(answer) if as_json else out.print(say(f"{folder.name}：没有错误", f"{folder.name}: no mistakes"))


@pack_app.command("test")
def test(folder: Folder, as_json: AsJson = False) -> None:
    """运行数据包自带的测试 · Run the pack's own tests."""
    with refusals(as_json):
        outcomes = test_pack(folder)
    failed = [o for o in outcomes if not o.passed]
    answer = {
        "pack": folder.name,
        "cases": len(outcomes),
        "failed": [{"file": o.file, "case": o.case, "failures": o.failures} for o in failed],
    }
    if as_json:
        print_json(answer)
    else:
        for outcome in failed:
            for failure in outcome.failures:
                out.print(f"{outcome.file} [{outcome.case}] {failure}", markup=False, highlight=False)
        out.print(say(f"{len(outcomes)} 例，{len(failed)} 例不符", f"{len(outcomes)} cases, {len(failed)} failed"))
    if failed:
        raise typer.Exit(3)


@pack_app.command("new")
def new(folder: Folder, as_json: AsJson = False) -> None:
    """新建一个能通过检查的数据包 · Make a new pack that passes the check."""
    with refusals(as_json):
        new_pack_at(folder)
    print_json({"pack": str(folder)}) if as_json else out.print(say(f"已建立 {folder}", f"made {folder}"))


@pack_app.command("diff")
def diff(
    old: Annotated[Path, typer.Argument(help="旧版文件夹 · the older version")],
    new: Annotated[Path, typer.Argument(help="新版文件夹 · the newer version")],
    as_json: AsJson = False,
) -> None:
    """新版改了什么，哪些放宽、哪些收紧 · What a new version changes, and what of it loosens or tightens."""
    with refusals(as_json):
        changes = [change.as_dict() for change in diff_packs(old, new)]
    loosened = sum(change["effect"] == "loosened" for change in changes)
    if as_json:
        print_json({"pack": new.resolve().name, "loosened": loosened, "changes": changes})
        return
    heads = [say(*h) for h in (("文档", "document"), ("处", "part"), ("变化", "change"), ("影响", "effect"))]
    rows = [[f"{c['section']}/{c['name']}", c["part"], _change(c), say(*EFFECTS[c["effect"]])] for c in changes]
    print_table(
        say(f"{len(changes)} 处变化，{loosened} 处放宽", f"{len(changes)} changes, {loosened} loosen"), heads, rows
    )


def _change(change: dict[str, Any]) -> str:
    word = say(*KINDS[change["kind"]])
    return word if change["kind"] == "added" else f"{word} {_short(change['was'])} → {_short(change['now'])}"


def _short(value: Any) -> str:
    text = "–" if value is None else str(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


@pack_app.command("activate")
def activate(
    home: Home,
    folders: Annotated[list[Path], typer.Argument(help="数据包文件夹 · pack folders")],
    reason: Reason,
    by: MaybeBy = "",
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """提议启用新的或改过的数据包；须另一人批准 · Propose to use new or changed packs; another officer approves."""
    with refusals(as_json):
        zone = open_zone(home)
        officer = acting_officer(by, key, zone.desk)
        arguments = {"folders": [str(folder) for folder in folders]}
        proposal = propose_act(zone.desk, ACTIVATE, arguments, by=officer, reason=reason)
    print_proposal(proposal, as_json)


@policy_app.command("explain")
def explain(
    indicator: Annotated[str, typer.Argument(help="指标名或编号 · indicator name or id")],
    pack: Annotated[list[Path] | None, typer.Option("--pack", help="数据包 · pack folder")] = None,
    as_json: AsJson = False,
) -> None:
    """指标用到哪些字段、在何处、由此得出什么 · Each column an indicator touches, where, and what follows."""
    with refusals(as_json):
        explanation = explain_indicator(default_packs(pack or ()), indicator).as_dict()
    if as_json:
        print_json(explanation)
    else:
        _print(explanation)


def _print(explanation: dict[str, Any]) -> None:
    heads = [say("字段", "column"), say("位置", "where"), say("分级", "grade"), say("用途", "use"), say("门槛", "gate")]
    rows = [[c["column"], _places(c), c["grade"], c["use"], _gates(c["gates"])] for c in explanation["columns"]]
    print_table(f"{explanation['id']} {explanation['indicator']}", heads, rows)
    gates = sorted(set(explanation["gates"].values()))
    articles = [f"{gate}: {article}" for gate, article in explanation["articles"].items() if article]
    for head, listed in (
        (say("分级", "grade"), [explanation["grade"]]),
        (say("可放行的形式", "may leave as"), explanation["releases"]),
        (say("门槛", "gate"), gates),
        (say("依据", "article"), articles),
        (say("拒绝", "refused"), [mistake["message"][language()] for mistake in explanation["refused"]]),
    ):
        out.print(f"{head}: {', '.join(listed) or '–'}", markup=False, highlight=False)


def _places(column: dict[str, Any]) -> str:
    return ", ".join(f"{place['clause']}:{place['line']}" for place in column["places"])


def _gates(gates: dict[str, str]) -> str:
    return ", ".join(sorted(set(gates.values())))
