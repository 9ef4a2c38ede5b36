"""Commands of officers' work: names to resolve, erasure, release and roll-back, two people for what is dangerous."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from puhui.bootstrap import add_officer, open_zone
from puhui.cli.acting import About
from puhui.cli.options import AsJson, By, Home, Key, MaybeBy, Reason, spread
from puhui.cli.output import out, print_answer, print_json, print_proposal, print_table, refusals, say
from puhui.desk.acts import ERASE, LIFT, ROLL_BACK, approve_act, open_acts, propose_act
from puhui.desk.editions import release
from puhui.desk.holds import hold_subject
from puhui.desk.officers import acting_officer
from puhui.desk.refused import OFFICER, refusals_noted
from puhui.desk.roles import DEFAULT, Role, check_may_propose
from puhui.desk.upkeep import compact_lake, expire_landings, subject_to_erase
from puhui.intake.resolving import list_cases, settle_case

Resource = Annotated[str, typer.Argument(help="资源 · resource")]
Number = Annotated[int, typer.Argument(help="版 · edition")]
resolve_app = typer.Typer(help="待定名称 · names that a steward must place", no_args_is_help=True)
subject_app = typer.Typer(help="主体 · subjects", no_args_is_help=True)
edition_app = typer.Typer(help="版本 · editions", no_args_is_help=True)
officer_app = typer.Typer(help="经办人 · officers", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.add_typer(resolve_app, name="resolve")
    app.add_typer(subject_app, name="subject")
    app.add_typer(edition_app, name="edition")
    app.add_typer(officer_app, name="officer")
    app.command()(approve)
    app.command()(acts)
    app.command()(events)
    app.command()(expire)
    app.command()(compact)


@resolve_app.command("list")
def resolve_list(home: Home, as_json: AsJson = False) -> None:
    """列出待定的名称（打码） · List the open cases, masked."""
    with refusals(as_json):
        cases = list_cases(open_zone(home).intake)
    if as_json:
        print_json(cases)
        return
    heads = ["id", say("资源", "resource"), say("名称", "name"), say("候选", "candidates")]
    rows = [[c["id"], c["resource"], c["name"], _candidates(c)] for c in cases]
    print_table(say("待定名称", "Names to place"), heads, rows)


def _candidates(case: dict[str, Any]) -> str:
    return "; ".join(f"{c['token']} {c['name']} {c['confidence']:.2f}" for c in case["candidates"])


@resolve_app.command("decide")
def resolve_decide(
    home: Home,
    case: Annotated[str, typer.Argument(help="编号 · case id")],
    by: By,
    reason: Reason,
    token: Annotated[str, typer.Option("--token", help="选定主体；不给表示都不是 · the subject; none: nobody")] = "",
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """决定一个名称是谁；相应的行作为更正入库 · Place a name; its rows come in as a correction."""
    with refusals(as_json):
        zone = open_zone(home)
        officer = acting_officer(by, key, zone.desk)
        with refusals_noted(zone.desk, OFFICER, "place-name", by=officer):
            check_may_propose(zone.desk.officers, "place-name", by=officer)
        answer = settle_case(zone.intake, case, token or None, by=officer, reason=reason)
    print_json(answer) if as_json else print_answer(answer)


@subject_app.command("erase")
@spread
def subject_erase(
    home: Home,
    by: By,
    reason: Reason,
    about: About,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """提议删除一个主体；须另一人批准 · Propose to erase a subject; another officer approves."""
    chosen = about.given()
    with refusals(as_json):
        zone = open_zone(home)
        officer = acting_officer(by, key, zone.desk)
        proposal = propose_act(zone.desk, ERASE, chosen, by=officer, reason=reason)
    print_proposal(proposal, as_json)


@subject_app.command("hold")
@spread
def subject_hold(
    home: Home,
    by: By,
    article: Annotated[str, typer.Option("--article", help="依据 · the article that asks for it")],
    *,
    until: Annotated[datetime | None, typer.Option("--until", formats=["%Y-%m-%d"], help="最后一日 · last day")] = None,
    about: About,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """依法保留一个主体的记录，期间不得删除 · Keep a subject's records by law; no erasure meanwhile."""
    chosen = about.given()
    with refusals(as_json):
        zone = open_zone(home)
        officer = acting_officer(by, key, zone.desk)
        subject = subject_to_erase(zone.desk, chosen)
        hold_subject(zone.desk, subject, article, until.date() if until else None, by=officer)
    print_json({"held": subject.token}) if as_json else out.print(say("已登记保留", "the hold is recorded"))


@subject_app.command("lift-hold")
@spread
def subject_lift_hold(
    home: Home,
    reason: Reason,
    article: Annotated[str, typer.Option("--article", help="登记时的依据 · the article it was laid by")],
    about: About,
    by: MaybeBy = "",
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """提议解除依法保留；须另一人批准 · Propose to lift a hold; another officer approves."""
    chosen = {**about.given(), "article": article}
    with refusals(as_json):
        zone = open_zone(home)
        officer = acting_officer(by, key, zone.desk)
        proposal = propose_act(zone.desk, LIFT, chosen, by=officer, reason=reason)
    print_proposal(proposal, as_json)


@edition_app.command("release")
def edition_release(
    home: Home, resource: Resource, number: Number, by: By, key: Key = None, as_json: AsJson = False
) -> None:
    """放行等待放行的版本 · Release an edition that waits."""
    with refusals(as_json):
        zone = open_zone(home)
        officer = acting_officer(by, key, zone.desk)
        edition = release(zone.desk, zone.packs.resource(resource).name, number, by=officer)
    answer = {"resource": edition.resource, "edition": edition.number, "state": "published"}
    print_json(answer) if as_json else out.print(say("已放行", "released"))


@edition_app.command("rollback")
def edition_rollback(
    home: Home, resource: Resource, number: Number, by: By, reason: Reason, key: Key = None, as_json: AsJson = False
) -> None:
    """提议回退一个坏版本；须另一人批准 · Propose to roll a bad edition back; another officer approves."""
    with refusals(as_json):
        zone = open_zone(home)
        officer = acting_officer(by, key, zone.desk)
        arguments = {"resource": zone.packs.resource(resource).name, "edition": number}
        proposal = propose_act(zone.desk, ROLL_BACK, arguments, by=officer, reason=reason)
    print_proposal(proposal, as_json)


def approve(
    home: Home,
    proposal: Annotated[int, typer.Argument(help="提议编号 · proposal")],
    by: MaybeBy = "",
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """批准他人的提议，使之生效 · Approve another officer's proposal: it acts."""
    with refusals(as_json):
        zone = open_zone(home)
        officer = acting_officer(by, key, zone.desk)
        answer = approve_act(zone.desk, proposal, by=officer)
    print_json(answer) if as_json else print_answer(answer)


def acts(home: Home, as_json: AsJson = False) -> None:
    """列出待批准的提议 · List open proposals."""
    with refusals(as_json):
        rows = open_acts(open_zone(home).desk)
    if as_json:
        print_json(rows)
        return
    heads = [say(*h) for h in (("编号", "proposal"), ("操作", "act"), ("提议人", "by"), ("事由", "reason"))]
    cells = [[row["proposal"], row["act"], row["by"], row["reason"]] for row in rows]
    print_table(say("待批准的提议", "Open proposals"), heads, cells)
    for row in rows:
        print_answer({"proposal": row["proposal"], **row["arguments"]})


@officer_app.command("add")
def officer_add(
    home: Home,
    name: Annotated[str, typer.Argument(help="姓名或工号 · name")],
    out_file: Annotated[Path, typer.Option("--out", help="私钥写到 · private key file")],
    role: Annotated[Role, typer.Option("--role", help="角色 · system | security | audit")] = DEFAULT,
    by: Annotated[str, typer.Option("--by", help="登记人；首位经办人不需要 · registered by")] = "",
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """登记经办人并生成其私钥；同角色第三人起须另一人批准 · Register an officer; the third of a role takes two."""
    with refusals(as_json):
        zone = open_zone(home)
        registrar = acting_officer(by, key, zone.desk) if zone.officers else by
        answer = {**add_officer(zone, name, out_file, role=role, by=registrar or name), "key": str(out_file)}
    if as_json:
        print_json(answer)
    elif "proposal" in answer:
        print_proposal(int(answer["proposal"]), as_json)
    else:
        out.print(say(f"已登记 {name}，私钥 {out_file}", f"{name} is registered, key in {out_file}"))


def events(
    home: Home,
    kind: Annotated[str, typer.Option(help="只看一类 · one kind only")] = "",
    as_json: AsJson = False,
) -> None:
    """列出留痕 · List what was recorded."""
    with refusals(as_json):
        rows = open_zone(home).register.events(kind or None)
    if as_json:
        print_json(rows)
        return
    keys = ("at", "kind", "actor", "subject")
    print_table(say("留痕", "Events"), keys, [[row[k] for k in keys] for row in rows])


def expire(home: Home, as_json: AsJson = False) -> None:
    """销毁保存期已满的原文的密钥 · Destroy the keys of landings whose retention has ended."""
    with refusals(as_json):
        zone = open_zone(home)
        gone = expire_landings(zone.desk)
    print_json({"expired": gone}) if as_json else out.print(say(f"{len(gone)} 个包", f"{len(gone)} parcels"))


def compact(home: Home, by: By, key: Key = None, as_json: AsJson = False) -> None:
    """清理：移除已删除主体的行，合并小文件 · Drop the rows of erased subjects, merge small files."""
    with refusals(as_json):
        zone = open_zone(home)
        done = compact_lake(zone.desk, by=acting_officer(by, key, zone.desk))
    print_json(done) if as_json else out.print(say(f"{len(done)} 张表", f"{len(done)} tables"))
