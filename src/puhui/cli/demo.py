"""`puhui demo`: a synthetic city goes through the whole way, and the tables show what came of it."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path
from typing import Annotated, Any

import pyarrow.compute as pc
import pyarrow.parquet as pq
import typer

from puhui.bootstrap import Zone, default_packs, init_zone, now, parcel_of
from puhui.city.make import make_city
from puhui.cli.delivery import print_freshness, print_quality
from puhui.cli.options import AsJson
from puhui.cli.output import counted_progress, out, print_json, print_table, progress, refusals, say
from puhui.cli.snapshots import print_figures
from puhui.desk.editions import release
from puhui.desk.looks import Looked, look
from puhui.desk.snapshots import Built, build_snapshot
from puhui.indicators.store import FiguresReader
from puhui.intake.take import take
from puhui.model.refusal import Said
from puhui.model.refusals import HomeRefused, NoSubject
from puhui.model.subject import Identifier
from puhui.model.time import month_end, months_back
from puhui.subjects.lookup import find

LOOKED_THROUGH = 100


def register(app: typer.Typer) -> None:
    app.command()(demo)


def demo(
    folder: Annotated[Path, typer.Argument(help="输出文件夹 · folder")] = Path("demo"),
    subjects: Annotated[int, typer.Option(min=100, help="主体数 · subjects")] = 10_000,
    seed: Annotated[int, typer.Option(help="随机种子 · seed")] = 1,
    fresh: Annotated[bool, typer.Option("--fresh", help="先删除上次的演示 · remove the last demo first")] = False,
    as_json: AsJson = False,
) -> None:
    """演示主流程：造城、投送、计算、查看 · The main job: make a city, deliver, compute, look."""
    started = time.perf_counter()
    with refusals(as_json):
        city, home = folder / "city", folder / "home"
        as_of = month_end(months_back(now().date(), 1))  # the last whole month, so that freshness means something
        _make_room(folder, fresh)
        with progress(say("造城", "Making a city"), as_json) as step:
            make_city(city, default_packs(()), subjects=subjects, seed=seed, as_of=as_of, truth=False, progress=step)
        zone = init_zone(home)
        taken = _deliver_all(zone, city, as_json)
        with counted_progress(say("计算指标", "Computing figures"), as_json) as counted:
            built = build_snapshot(zone.desk, as_of, progress=counted)
        firm, person = _two_subjects(zone, city)
        looks = [_look(zone, identifier) for identifier in (firm, person)]
    seconds = round(time.perf_counter() - started, 1)
    if as_json:
        print_json(_as_dict(taken, built, looks, seconds))
    else:
        _show(zone, taken, built, looks, folder, seconds)


def _make_room(folder: Path, fresh: bool) -> None:
    if fresh:
        shutil.rmtree(folder / "city", ignore_errors=True)
        shutil.rmtree(folder / "home", ignore_errors=True)
    if (folder / "home").exists() or (folder / "city").exists():
        raise HomeRefused(
            Said(f"{folder} 里已有上次的演示", f"{folder} holds an earlier demo"),
            todo=Said("加 --fresh 重来，或换一个文件夹", "add --fresh to start anew, or name another folder"),
        )


def _deliver_all(zone: Zone, city: Path, as_json: bool) -> list[dict[str, Any]]:
    listed = json.loads((city / "deliveries.json").read_text(encoding="utf-8"))["deliveries"]
    results: list[dict[str, Any]] = []
    with counted_progress(say("投送", "Delivering"), as_json) as step:
        for done, entry in enumerate(listed, 1):
            path = city / entry["file"]
            parcel = parcel_of(zone, entry["resource"], path, period=entry["period"], kind=entry["kind"])
            result = dict(take(parcel, zone.intake).result)
            if entry["steward_release"]:
                release(zone.desk, str(result["resource"]), int(str(result["edition"])), by="demo")
            results.append(result)
            step(done, len(listed))
    return results


def _two_subjects(zone: Zone, city: Path) -> tuple[Identifier, Identifier]:
    """A firm and a person of the city about whom much is known: the first hundred of each are looked through."""
    listed = pq.read_table(city / "truth" / "subjects.parquet", columns=["kind", "identifier_kind", "identifier"])
    chosen = []
    reader = zone.desk.figures.reader()
    for kind in ("enterprise", "person"):
        rows = listed.filter(pc.field("kind") == kind).slice(0, LOOKED_THROUGH).to_pylist()
        chosen.append(max((Identifier(r["identifier_kind"], r["identifier"]) for r in rows),
                          key=lambda one: _known(zone, reader, one)))  # fmt: skip
    reader.close()
    return chosen[0], chosen[1]


def _known(zone: Zone, reader: FiguresReader, identifier: Identifier) -> int:
    try:
        subject = find(zone.desk.vault, identifier.kind, identifier.value, today=now().date())
    except NoSubject:
        return 0
    return len(reader.values(subject))


def _look(zone: Zone, identifier: Identifier) -> Looked:
    return look(zone.desk, identifier, by="demo", reason=say("演示主流程", "demonstration of the main job"))


def _as_dict(taken: list[dict[str, Any]], built: Built, looks: list[Looked], seconds: float) -> dict[str, Any]:
    keys = ("lines", "accepted", "set_aside", "duplicates", "warned", "conflicts")
    return {
        "parcels": len(taken),
        **{key: sum(result[key] for result in taken) for key in keys},
        "snapshot": built.snapshot.number,
        "subjects": built.snapshot.subjects,
        "indicators": len(built.snapshot.definitions),
        "known": [sum(figure.known for figure in looked.figures.figures) for looked in looks],
        "seconds": seconds,
    }


def _show(
    zone: Zone, taken: list[dict[str, Any]], built: Built, looks: list[Looked], folder: Path, seconds: float
) -> None:
    print_quality(zone)
    print_freshness(zone)
    for looked in looks:
        print_figures(zone, looked)
    totals = _as_dict(taken, built, looks, seconds)
    heads = [say("包", "parcels"), say("行", "lines"), say("接收", "accepted"), say("搁置", "set aside")]
    heads += [say("重复", "duplicates"), say("主体", "subjects"), say("指标", "indicators"), say("秒", "seconds")]
    keys = ("parcels", "lines", "accepted", "set_aside", "duplicates", "subjects", "indicators", "seconds")
    print_table(say("全程", "The whole way"), heads, [[totals[key] for key in keys]])
    home = folder / "home"
    out.print(say("接下来可以看：", "Where to look next:"))
    for line in (
        f"puhui editions {home}",
        f"puhui set-aside {home} {_worst(taken)[:12]} --out set-aside.xlsx",
        "puhui policy explain tax_paid_12m",
        f"puhui resolve list {home}",
        f"puhui events {home}",
        "docs/tutorial/first-hour.md",
    ):
        out.print("  " + line, highlight=False, markup=False)


def _worst(taken: list[dict[str, Any]]) -> str:
    """The parcel with most rows set aside."""
    return str(max(taken, key=lambda result: result["set_aside"])["digest"])
