"""Objections of subjects: recorded, settled; rejecting one takes two people."""

from __future__ import annotations

from typing import Annotated

import typer

from puhui.bootstrap import open_zone
from puhui.cli.acting import About
from puhui.cli.options import AsJson, By, Home, Key, Reason, spread
from puhui.cli.output import out, print_json, print_proposal, print_table, refusals, say
from puhui.desk.acts import propose_act
from puhui.desk.objections import (
    REJECT,
    REJECTED,
    close_objection,
    open_objection,
    open_objections,
    shown,
)
from puhui.desk.officers import acting_officer
from puhui.desk.upkeep import subject_to_erase

objection_app = typer.Typer(help="异议 · objections of subjects", no_args_is_help=True)
Item = Annotated[str, typer.Option("--item", help="目录项，如 SWJ-06 · item of the catalogue")]
Number = Annotated[str, typer.Argument(help="异议编号 · the objection's id")]
Outcome = Annotated[str, typer.Option("--as", help="corrected | withdrawn | rejected")]


def register(app: typer.Typer) -> None:
    app.add_typer(objection_app, name="objection")


@objection_app.command("open")
@spread
def objection_open(home: Home, item: Item, by: By, about: About, key: Key = None, as_json: AsJson = False) -> None:
    """登记主体对一个目录项的异议；此后的答复带 objected 标记 · Record that a subject disputes an item."""
    chosen = about.given()
    with refusals(as_json):
        zone = open_zone(home)
        officer = acting_officer(by, key, zone.desk)
        made = open_objection(zone.desk, subject_to_erase(zone.desk, chosen), item, by=officer)
    if as_json:
        print_json(shown(made))
    else:
        out.print(say(f"已登记异议 {made.id}", f"The objection {made.id} is recorded"))


@objection_app.command("close")
def objection_close(
    home: Home, objection: Number, outcome: Outcome, by: By, reason: Reason, key: Key = None, as_json: AsJson = False
) -> None:
    """了结异议：更正或撤回由一人办理，驳回须另一人批准 · Settle one; rejecting it takes another officer's approval."""
    with refusals(as_json):
        zone = open_zone(home)
        officer = acting_officer(by, key, zone.desk)
        if outcome == REJECTED:
            proposal = propose_act(zone.desk, REJECT, {"objection": objection}, by=officer, reason=reason)
        else:
            closed = close_objection(zone.desk, objection, outcome, by=officer, reason=reason)
    if outcome == REJECTED:
        print_proposal(proposal, as_json)
    elif as_json:
        print_json(shown(closed))
    else:
        out.print(say(f"异议已结：{closed.state}", f"The objection is settled: {closed.state}"))


@objection_app.command("list")
def objection_list(home: Home, as_json: AsJson = False) -> None:
    """列出未结的异议 · List the open objections."""
    with refusals(as_json):
        found = open_objections(open_zone(home).desk)
    if as_json:
        print_json(found)
        return
    words = (("编号", "id"), ("主体", "subject"), ("目录项", "item"), ("登记时间", "opened"), ("期限", "settle by"))
    heads = [say(*word) for word in words]
    rows = [[one["objection"], one["token"], one["item"], one["opened_at"], one["settle_by"]] for one in found]
    print_table(say("未结异议", "Open objections"), heads, rows)
