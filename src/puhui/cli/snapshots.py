"""Commands of figures: build a snapshot, list snapshots, look at one subject."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from puhui.bootstrap import Zone, open_zone
from puhui.cli.options import AsJson, By, Home, Reason
from puhui.cli.output import counted_progress, out, print_json, print_table, refusals, say
from puhui.desk.looks import Looked, look
from puhui.desk.officers import acting_officer
from puhui.desk.snapshots import build_snapshot
from puhui.model.figures import Figure, Unknown, Value
from puhui.model.refusal import Said
from puhui.model.refusals import NoSubject
from puhui.model.subject import Identifier

REASONS = {
    Unknown.ABSENT: Said("无记录", "absent"),
    Unknown.INCOMPLETE: Said("数据不全", "incomplete"),
    Unknown.CONFLICT: Said("记录矛盾", "conflict"),
    Unknown.SOURCE_TIMEOUT: Said("来源超时", "source timed out"),
    Unknown.ERASED: Said("已删除", "erased"),
}
MOMENTS = ["%Y-%m-%d", *(f"%Y-%m-%dT%H:%M:%S{rest}" for rest in ("", ".%f", "%z", ".%f%z")), "%Y-%m-%d %H:%M:%S"]
UNITS = {
    "CNY": "元",
    "CNY 10k": "万元",
    "10k of its currency": "万（原币）",
    "month": "个月",
    "day": "天",
    "year": "年",
    "count": "个",
    "person": "人",
    "head": "头",
    "point": "分",
    "mu": "亩",
    "m2": "平方米",
    "kWh": "千瓦时",
    "ratio": "比值",
    "corr": "系数",
    "bool": "",
}
snapshot_app = typer.Typer(help="快照 · snapshots", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.add_typer(snapshot_app, name="snapshot")
    app.command()(figures)


@snapshot_app.command("build")
def build(
    home: Home,
    as_of: Annotated[datetime, typer.Option("--as-of", formats=["%Y-%m-%d"], help="有效日 · valid at")],
    known_at: Annotated[
        datetime | None,
        typer.Option("--known-at", formats=MOMENTS, help="已知时刻（UTC），缺省现在 · as known at"),
    ] = None,
    engine: Annotated[str, typer.Option(help="duckdb | spark | pyspark")] = "duckdb",
    as_json: AsJson = False,
) -> None:
    """计算全部主体的全部指标 · Compute all indicators of all subjects."""
    with refusals(as_json):
        zone = open_zone(home)
        known = known_at.replace(tzinfo=known_at.tzinfo or UTC) if known_at else None
        with counted_progress(say("计算指标", "Computing"), as_json) as step:
            built = build_snapshot(zone.desk, as_of.date(), known_at=known, engine=engine, progress=step)
    snapshot = built.snapshot
    answer = {
        "snapshot": snapshot.number,
        "as_of": snapshot.as_of,
        "known_at": snapshot.known_at,
        "subjects": snapshot.subjects,
        "indicators": len(snapshot.definitions),
        "editions": dict(snapshot.editions),
        "engine": snapshot.engine,
        "pack_set": snapshot.pack_set,
        "seconds": built.seconds,
    }
    if as_json:
        print_json(answer)
        return
    n, i, s = answer["subjects"], answer["indicators"], answer["seconds"]
    out.print(
        say(
            f"快照 {snapshot.number}：{n} 个主体，{i} 个指标，用时 {s} 秒",
            f"Snapshot {snapshot.number}: {n} subjects, {i} indicators, {s} s",
        )
    )


@snapshot_app.command("list")
def list_snapshots(home: Home, as_json: AsJson = False) -> None:
    """列出快照 · List the snapshots."""
    with refusals(as_json):
        rows = list(open_zone(home).register.snapshots())
    if as_json:
        print_json(rows)
        return
    keys = ("snapshot", "as_of", "known_at", "subjects", "indicators", "engine", "seconds")
    print_table(say("快照", "Snapshots"), keys, [[row[key] for key in keys] for row in rows])


def figures(
    home: Home,
    by: By,
    reason: Reason,
    uscc: Annotated[
        str, typer.Option("--uscc", help="统一社会信用代码；- 从标准输入读 · credit code; - reads stdin")
    ] = "",
    ric: Annotated[
        str, typer.Option("--ric", help="公民身份号码；- 从标准输入读 · citizen number; - reads stdin")
    ] = "",
    key: Annotated[tuple[str, str] | None, typer.Option("--key", help="其他标识：种类 值 · KIND VALUE")] = None,
    snapshot: Annotated[int | None, typer.Option("--snapshot", help="快照号 · snapshot")] = None,
    key_file: Annotated[Path | None, typer.Option("--key-file", help="经办人私钥 · officer's key file")] = None,
    as_json: AsJson = False,
) -> None:
    """查看一个主体的指标（留痕） · Look at one subject's figures (recorded)."""
    with refusals(as_json):
        zone = open_zone(home)
        officer = acting_officer(by, key_file, zone.desk)
        looked = look(zone.desk, identifier_given(uscc, ric, key), by=officer, reason=reason, snapshot=snapshot)
    print_json(_as_dict(zone, looked)) if as_json else print_figures(zone, looked)


def identifier_given(uscc: str, ric: str, key: tuple[str, str] | None) -> Identifier:
    """The one identifier of the options; `-` reads it from standard input, where no process list shows it."""
    given = [("uscc", uscc), ("ric", ric), *([key] if key else [])]
    chosen = [(kind, value) for kind, value in given if value]
    if len(chosen) != 1:
        raise NoSubject(
            Said("须且只须给出一个标识", "exactly one identifier is needed"),
            todo=Said("用 --uscc、--ric 或 --key 之一", "give one of --uscc, --ric, --key"),
        )
    kind, value = chosen[0]
    return Identifier(kind, typer.get_text_stream("stdin").readline().strip() if value == "-" else value)


def _as_dict(zone: Zone, looked: Looked) -> dict[str, Any]:
    definitions = {d.name: d for d in looked.snapshot.definitions}
    return {
        "subject": looked.figures.subject,
        "snapshot": looked.figures.snapshot,
        "as_of": looked.figures.as_of,
        "known_at": looked.snapshot.known_at,
        "figures": {
            figure.indicator: {
                "known": figure.known,
                "value": figure.value,
                "reason": figure.reason.value if figure.reason else None,
                "coverage": list(figure.coverage) if figure.coverage else None,
                "unit": definitions[figure.indicator].unit,
                "type": definitions[figure.indicator].type,
                "definition": definitions[figure.indicator].digest,
                "editions": dict(definitions[figure.indicator].editions),
            }
            for figure in looked.figures.figures
        },
    }


def print_figures(zone: Zone, looked: Looked) -> None:
    """One subject's figures, the known ones first."""
    rows = []
    for figure in looked.figures.figures:
        head = zone.packs.indicators[figure.indicator].head
        rows.append([head.id, say(head.title.zh, head.title.en), _shown(figure), _unit(head.unit)])
    rows.sort(key=lambda row: (row[2].startswith("—"), row[0]))
    known = sum(figure.known for figure in looked.figures.figures)
    title = say(
        f"主体 {looked.figures.subject} · {looked.figures.as_of} · 已知 {known}/{len(rows)}",
        f"Subject {looked.figures.subject} · {looked.figures.as_of} · known {known}/{len(rows)}",
    )
    print_table(title, ["", say("指标", "indicator"), say("值", "value"), say("单位", "unit")], rows)


def _shown(figure: Figure) -> str:
    if figure.known:
        undefined = say("— 无定义", "— undefined")
        return undefined if figure.value is None else _plain(figure.value)
    reason = REASONS[figure.reason].in_language(say("zh", "en")) if figure.reason else ""
    months = f" {figure.coverage[0]}/{figure.coverage[1]}" if figure.coverage else ""
    return f"— {reason}{months}"


def _plain(value: Value) -> str:
    if isinstance(value, bool):
        return say("是", "yes") if value else say("否", "no")
    return str(value)


def _unit(unit: str) -> str:
    return say(UNITS.get(unit, unit), "" if unit == "bool" else unit)
