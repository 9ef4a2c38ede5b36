"""Commands of packs: check, test, make a new one, compare; and what the column policy says of an indicator."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from puhui.bootstrap import check_pack, default_packs, new_pack_at, test_pack
from puhui.cli.options import AsJson
from puhui.cli.output import out, print_json, print_table, refusals, say
from puhui.disclosure.explain import explain as explain_indicator

pack_app = typer.Typer(help="数据包 · packs", no_args_is_help=True)
policy_app = typer.Typer(help="字段政策 · the column policy", no_args_is_help=True)
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
    print_table(f"{explanation['indicator']}", heads, rows)
    for key in ("grade", "gates", "release"):
        out.print(f"{key}: {explanation.get(key)}", markup=False, highlight=False)


def _places(column: dict[str, Any]) -> str:
    return ", ".join(f"{place['clause']}:{place['line']}" for place in column["where"])


def _gates(gates: Any) -> str:
    return ", ".join(sorted(set(map(str, gates.values())))) if isinstance(gates, dict) else str(gates)
