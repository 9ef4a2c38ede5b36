"""Commands of one delivery: make a zone, deliver a file, see what became of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from puhui.bootstrap import (
    Zone,
    init_zone,
    open_zone,
    parcel_of,
    preview_parcel,
    propose_layout,
    pull_parcel,
    watch_folder,
    write_set_aside_book,
)
from puhui.cli.options import AsJson, Home
from puhui.cli.output import language, out, print_json, print_table, progress, refusals, say
from puhui.desk.tables import edition_rows, freshness_rows, parcel_of_digest, quality_rows
from puhui.intake.set_aside import read_set_aside
from puhui.intake.take import take

Period = Annotated[str, typer.Option("--period", help="所属期，如 2026-09 或 2026-01/2026-06 · period")]
MappingFile = Annotated[str | None, typer.Option("--mapping", help="映射名或文件 · mapping name or file")]
Kind = Annotated[str, typer.Option("--kind", help="snapshot | increment | correction")]


def register(app: typer.Typer) -> None:
    app.command()(init)
    app.command()(deliver)
    app.command()(preview)
    app.command()(propose)
    app.command()(watch)
    app.command()(pull)
    app.command("set-aside")(set_aside)
    app.command()(editions)
    app.command()(quality)
    app.command()(freshness)


def init(
    home: Home,
    pack: Annotated[list[Path] | None, typer.Option("--pack", help="数据包文件夹 · pack folder")] = None,
    city: Annotated[str, typer.Option(help="城市代码 GB/T 2260 · city code")] = "360500",
    zone: Annotated[str, typer.Option(help="专区代号，两位 · zone, two characters")] = "a1",
    buckets: Annotated[int, typer.Option(help="分桶数 · buckets")] = 16,
    database: Annotated[str, typer.Option(help="PostgreSQL 地址，缺省 SQLite · PostgreSQL URL")] = "",
    keys: Annotated[
        str, typer.Option("--keys", help="密钥由谁保管 · who keeps the keys: files | command:/PATH | pkcs11:URI")
    ] = "files",
    as_json: AsJson = False,
) -> None:
    """建立专区 · Make a zone."""
    with refusals(as_json):
        made = init_zone(home, pack or (), city=city, zone=zone, buckets=buckets, database=database, keys=keys)
    answer = {
        "home": str(home),
        "city": city,
        "zone": zone,
        "packs": {p.name: p.digest for p in made.packs.packs},
        "resources": len(made.packs.resources),
        "indicators": len(made.packs.indicators),
    }
    if as_json:
        print_json(answer)
        return
    names = ", ".join(p.name for p in made.packs.packs)
    out.print(say(f"专区已建立：{home}（{names}）", f"The zone is made: {home} ({names})"))


def deliver(
    home: Home,
    resource: Annotated[str, typer.Argument(help="资源名或目录编号 · resource or item id")],
    file: Annotated[Path, typer.Argument(help="文件 · file", exists=True, dir_okay=False)],
    period: Period = "",
    mapping: MappingFile = None,
    kind: Kind = "",
    corrects: Annotated[str, typer.Option(help="被更正的包摘要 · digest of the parcel it mends")] = "",
    as_json: AsJson = False,
) -> None:
    """投送一个文件 · Deliver a file."""
    with refusals(as_json):
        zone = open_zone(home)
        parcel = parcel_of(zone, resource, file, period=period, mapping=mapping, kind=kind, corrects=corrects)
        with progress(say(f"投送 {file.name}", f"Delivering {file.name}"), as_json) as step:
            taken = take(parcel, zone.intake, step)
    answer = {**taken.result, "repeated": taken.repeated}
    if as_json:
        print_json(answer)
    else:
        _print_delivery(zone, answer)


def _print_delivery(zone: Zone, answer: dict[str, Any]) -> None:
    title = zone.packs.resource(answer["resource"]).title
    heading = say(f"{title.zh} 第 {answer['edition']} 版", f"{title.en}, edition {answer['edition']}")
    if answer["repeated"]:
        heading += say("（重复投送，未改变任何内容）", " (delivered before: nothing changed)")
    names = [
        say("总行数", "lines"),
        say("接收", "accepted"),
        say("搁置", "set aside"),
        say("重复", "duplicates"),
        say("提示", "warned"),
        say("新主体", "new subjects"),
    ]
    keys = ("lines", "accepted", "set_aside", "duplicates", "warned", "new_subjects")
    print_table(heading, names, [[answer[key] for key in keys]])
    if answer["issues"]:
        rows = [[i["severity"], i["field"], i["check"], i["count"]] for i in answer["issues"]]
        heads = [say("级别", "severity"), say("字段", "field"), say("检查", "check"), say("行数", "rows")]
        print_table(say("问题", "Issues"), heads, rows)
    out.print(say("摘要 ", "digest ") + answer["digest"], highlight=False)


def preview(
    home: Home,
    resource: Annotated[str, typer.Argument(help="资源名或目录编号 · resource or item id")],
    file: Annotated[Path, typer.Argument(help="文件 · file", exists=True, dir_okay=False)],
    period: Period = "",
    mapping: MappingFile = None,
    kind: Kind = "",
    as_json: AsJson = False,
) -> None:
    """试投：只检查，不入库 · Check a file without taking it."""
    with refusals(as_json):
        zone = open_zone(home)
        parcel = parcel_of(zone, resource, file, period=period, mapping=mapping, kind=kind)
        answer = preview_parcel(zone, parcel)
    print_json(answer) if as_json else _print_delivery(zone, {**answer, "edition": "-", "repeated": False})


def propose(
    home: Home,
    file: Annotated[Path, typer.Argument(help="文件 · file", exists=True, dir_okay=False)],
    resource: Annotated[str, typer.Option(help="资源；缺省在全部资源中找 · resource")] = "",
    out_file: Annotated[Path | None, typer.Option("--out", help="写出映射 YAML · write the mapping")] = None,
    as_json: AsJson = False,
) -> None:
    """为新版式提出映射，供人确认 · Propose a mapping for a new layout, to be confirmed."""
    with refusals(as_json):
        proposal = propose_layout(open_zone(home), file, resource)
    if out_file:
        out_file.write_text(proposal["yaml"], encoding="utf-8")
    if as_json:
        print_json(proposal)
    else:
        out.print(proposal["yaml"], markup=False, highlight=False)


def watch(
    home: Home,
    folder: Annotated[Path, typer.Argument(help="被监视的文件夹 · folder", exists=True, file_okay=False)],
    once: Annotated[bool, typer.Option("--once", help="看一遍就结束 · one pass")] = False,
    seconds: Annotated[float, typer.Option(help="间隔秒数 · seconds between looks")] = 5.0,
    as_json: AsJson = False,
) -> None:
    """监视文件夹：FOLDER/资源/文件 · Watch FOLDER/RESOURCE/FILE."""
    with refusals(as_json):
        for outcome in watch_folder(open_zone(home), folder, once=once, seconds=seconds):
            print_json(outcome) if as_json else _print_outcome(outcome)


def _print_outcome(outcome: dict[str, Any]) -> None:
    """One line for each file that a watched folder gave."""
    if "refused" in outcome:
        reason = f"{outcome['refused']} {outcome['message'][language()]}"
    else:
        keys = (("接收", "accepted"), ("搁置", "set_aside"), ("重复", "duplicates"))
        reason = ", ".join(f"{say(zh, key.replace('_', ' '))} {outcome[key]}" for zh, key in keys)
    out.print(f"{outcome['file']}: {reason}", markup=False, highlight=False)


def pull(
    home: Home,
    resource: Annotated[str, typer.Argument(help="资源名或目录编号 · resource or item id")],
    table: Annotated[str, typer.Argument(help="表名 · table")],
    order_by: Annotated[list[str], typer.Option("--order-by", help="确定行序的列 · columns that give an order")],
    conninfo: Annotated[str, typer.Option(help="连接参数，不含口令（口令用 PGPASSFILE）· no password in it")] = "",
    watermark: Annotated[str, typer.Option(help="增量列 · column that grows")] = "",
    as_json: AsJson = False,
) -> None:
    """从 PostgreSQL 表取数并入库 · Pull a PostgreSQL table and take it."""
    with refusals(as_json):
        zone = open_zone(home)
        answer = pull_parcel(zone, resource, conninfo, table, order_by, watermark)
    print_json(answer) if as_json else _print_delivery(zone, answer)


def set_aside(
    home: Home,
    digest: Annotated[str, typer.Argument(help="包摘要（可缩写） · digest, may be shortened")],
    out_file: Annotated[Path, typer.Option("--out", help="Excel 文件 · .xlsx")],
    warned: Annotated[
        bool, typer.Option("--warned", help="改为导出已接收但原文未能成为值的行 · rows taken whose text gave no value")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """导出搁置的行，退回数源部门 · Write the rows set aside, for the agency."""
    with refusals(as_json):
        zone = open_zone(home)
        parcel = parcel_of_digest(zone.register, digest)
        aside = read_set_aside(parcel, zone.intake.blobs)
        count = write_set_aside_book(zone, parcel, aside, out_file, warned=warned)
    answer = {"digest": parcel.digest, "rows": count, "file": str(out_file)}
    print_json(answer) if as_json else out.print(
        say(f"已写出 {count} 行：{out_file}", f"{count} rows written: {out_file}")
    )


def editions(
    home: Home,
    resource: Annotated[str | None, typer.Argument(help="资源 · resource")] = None,
    as_json: AsJson = False,
) -> None:
    """列出各版本 · List the editions."""
    with refusals(as_json):
        zone = open_zone(home)
        name = zone.packs.resource(resource).name if resource else None
        rows = edition_rows(zone.register, name)
    if as_json:
        print_json(rows)
        return
    keys = ("resource", "edition", "rows", "kind", "periods", "state", "committed_at")
    heads = [say(*h) for h in (("资源", "resource"), ("版", "edition"), ("行", "rows"), ("方式", "kind"),
                               ("期", "periods"), ("状态", "state"), ("提交", "committed"))]  # fmt: skip
    print_table(say("版本", "Editions"), heads, [[_short(row[key]) for key in keys] for row in rows])


def _short(value: Any) -> Any:
    if isinstance(value, list):
        return f"{value[0]}…{value[-1]} ({len(value)})" if len(value) > 2 else ", ".join(value)
    return value


def quality(home: Home, as_json: AsJson = False) -> None:
    """数据质量六维（GB/T 36344） · Quality by the six dimensions."""
    with refusals(as_json):
        zone = open_zone(home)
        rows = quality_rows(zone.register, zone.packs)
    print_json(rows) if as_json else print_quality(zone)


def print_quality(zone: Zone) -> None:
    """The table of quality, a row a parcel."""
    heads = [say(*h) for h in (("资源", "resource"), ("行", "lines"), ("搁置", "set aside"), ("规范性", "normativity"),
             ("完整性", "completeness"), ("准确性", "accuracy"), ("一致性", "consistency"), ("时效性", "timeliness"),
             ("可访问性", "accessibility"))]  # fmt: skip
    keys = ("title", "lines", "set_aside", "normativity", "completeness", "accuracy", "consistency", "timeliness",
            "accessibility")  # fmt: skip
    _print_rows(say("数据质量", "Data quality"), heads, keys, quality_rows(zone.register, zone.packs))


def freshness(home: Home, as_json: AsJson = False) -> None:
    """更新是否及时 · Freshness against each resource's cycle."""
    with refusals(as_json):
        zone = open_zone(home)
        rows = freshness_rows(zone.register, zone.packs, zone.intake.now().date())
    print_json(rows) if as_json else print_freshness(zone)


def print_freshness(zone: Zone) -> None:
    """The table of freshness of what was ever delivered, and how many resources never were."""
    rows = freshness_rows(zone.register, zone.packs, zone.intake.now().date())
    heads = [say(*h) for h in (("编号", "item"), ("资源", "resource"), ("周期", "cycle"), ("最近期", "newest"),
             ("状态", "state"))]  # fmt: skip
    delivered = [row for row in rows if row["state"] != "never"]
    _print_rows(say("更新情况", "Freshness"), heads, ("item_id", "title", "cycle", "newest", "state"), delivered)
    never = len(rows) - len(delivered)
    out.print(say(f"另有 {never} 种资源从未投送", f"{never} more kinds of record were never delivered"))


def _print_rows(title: str, heads: list[str], keys: tuple[str, ...], rows: list[dict[str, Any]]) -> None:
    cells = [[say(*row[key]) if key == "title" else row.get(key, "") for key in keys] for row in rows]
    print_table(title, heads, cells)
