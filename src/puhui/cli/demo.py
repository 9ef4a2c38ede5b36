"""`puhui demo`: a synthetic city goes through the whole way, banks ask about it, and tables show what came of it."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from puhui.cli.delivery import print_freshness, print_quality
from puhui.cli.demo_city import Delivered, deliver_city
from puhui.cli.demo_questions import Asked, ask_questions
from puhui.cli.demo_shown import questions_as_dict, show_questions
from puhui.cli.options import AsJson
from puhui.cli.output import out, print_json, print_table, progress, refusals, say
from puhui.cli.snapshots import print_figures
from puhui.model.refusal import Said
from puhui.model.refusals import HomeRefused

MADE = ("city", "home", "keys", "witness", "answers", "logs")  # folders of a demo


def register(app: typer.Typer) -> None:
    app.command()(demo)


def demo(
    folder: Annotated[Path, typer.Argument(help="输出文件夹 · folder")] = Path("demo"),
    subjects: Annotated[int, typer.Option(min=100, help="主体数 · subjects")] = 10_000,
    seed: Annotated[int, typer.Option(help="随机种子 · seed")] = 1,
    fresh: Annotated[bool, typer.Option("--fresh", help="先删除上次的演示 · remove the last demo first")] = False,
    as_json: AsJson = False,
) -> None:
    """演示主流程：造城、投送、计算、授权、提问、核验 · The main job: city, figures, letters, questions, proofs."""
    started = time.perf_counter()
    with refusals(as_json):
        _make_room(folder, fresh)
        delivered = deliver_city(folder / "city", folder / "home", subjects=subjects, seed=seed, as_json=as_json)
        data_seconds = round(time.perf_counter() - started, 1)
        if not as_json:
            _show(delivered, data_seconds)
        with progress(say("提问", "Questions"), as_json) as step:
            asked = ask_questions(delivered, folder, step)
    if as_json:
        seconds = round(time.perf_counter() - started, 1)
        print_json({**_as_dict(delivered, data_seconds), "questions": questions_as_dict(asked), "seconds": seconds})
    else:
        show_questions(asked)
        _show_next(delivered, asked, folder)


def _make_room(folder: Path, fresh: bool) -> None:
    if fresh:
        for name in MADE:
            shutil.rmtree(folder / name, ignore_errors=True)
    if any((folder / name).exists() for name in MADE):
        raise HomeRefused(
            Said(f"{folder} 里已有上次的演示", f"{folder} holds an earlier demo"),
            todo=Said("加 --fresh 重来，或换一个文件夹", "add --fresh to start anew, or name another folder"),
        )


def _as_dict(delivered: Delivered, seconds: float) -> dict[str, Any]:
    keys = ("lines", "accepted", "set_aside", "duplicates", "warned", "conflicts")
    built = delivered.built
    return {
        "parcels": len(delivered.taken),
        **{key: sum(result[key] for result in delivered.taken) for key in keys},
        "snapshot": built.snapshot.number,
        "subjects": built.snapshot.subjects,
        "indicators": len(built.snapshot.definitions),
        "known": [sum(figure.known for figure in looked.figures.figures) for looked in delivered.looks],
        "data_seconds": seconds,
    }


def _show(delivered: Delivered, seconds: float) -> None:
    """What came of the deliveries."""
    print_quality(delivered.zone)
    print_freshness(delivered.zone)
    for looked in delivered.looks:
        print_figures(delivered.zone, looked)
    totals = _as_dict(delivered, seconds)
    named = {
        "parcels": say("包", "parcels"),
        "lines": say("行", "lines"),
        "accepted": say("接收", "accepted"),
        "set_aside": say("搁置", "set aside"),
        "duplicates": say("重复", "duplicates"),
        "subjects": say("主体", "subjects"),
        "indicators": say("指标", "indicators"),
        "data_seconds": say("秒", "seconds"),
    }
    rows = [[name, f"{totals[key]:,}"] for key, name in named.items()]
    print_table(say("数据全程", "The whole way of the data"), [say("项", "what"), say("数", "number")], rows)


def _show_next(delivered: Delivered, asked: Asked, folder: Path) -> None:
    home = folder / "home"
    out.print(say("接下来可以看：", "Where to look next:"))
    for line in (
        f"puhui verify {asked.file} --trust {asked.trust}",
        f"puhui ledger check {home}",
        f"puhui contract list {home}",
        f"puhui editions {home}",
        f"puhui set-aside {home} {_worst(delivered.taken)[:12]} --out set-aside.xlsx",
        "puhui policy explain tax_paid_12m",
        "docs/tutorial/first-hour.md · docs/tutorial/first-question.md",
    ):
        out.print("  " + line, highlight=False, markup=False, soft_wrap=True)


def _worst(taken: list[dict[str, Any]]) -> str:
    """The parcel with most rows set aside."""
    return str(max(taken, key=lambda result: result["set_aside"])["digest"])
