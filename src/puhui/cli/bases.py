"""Commands of the bases that are no letter: an own application, a duty, an order of a court or against laundering."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, cast

import typer

from puhui.bootstrap import open_letters
from puhui.cli.letter_options import (
    Days,
    Institution,
    Keep,
    Months,
    Officer,
    OfficerKey,
    Per,
    Ric,
    Second,
    SecondKey,
    Uscc,
    given,
    identifier_in,
    officers_acting,
)
from puhui.cli.options import AsJson, Home
from puhui.cli.output import out, print_json, refusals, say
from puhui.consent.bases import PublicBasis
from puhui.desk.bases import lift_basis, record_basis
from puhui.desk.letter_states import letter_facts
from puhui.desk.letters import identifier_of
from puhui.desk.officers import acting_officer
from puhui.model.question import BasisKind
from puhui.wire.letters import Window

basis_app = typer.Typer(help="授权书以外的依据 · bases that are no letter", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.add_typer(basis_app, name="basis")


@basis_app.command("record")
def basis_record(
    home: Home,
    kind: Annotated[BasisKind, typer.Option("--kind", help="application | duty | order")],
    institution: Institution,
    purpose: Annotated[str, typer.Option("--purpose", help="用途 · welfare | medical | supervision")],
    item: Annotated[list[str], typer.Option("--item", help="目录项=级别，如 SWJ-06=enterprise_auth · ITEM=GATE")],
    article: Annotated[str, typer.Option("--article", help="法律条款 · the law that it stands on")],
    reference: Annotated[str, typer.Option("--reference", help="文号；- 从标准输入读 · its number; - reads stdin")],
    by: Officer,
    uscc: Uscc = "",
    ric: Ric = "",
    months: Months = 12,
    cap: Annotated[int, typer.Option("--cap", help="每周期次数 · uses per window")] = 1,
    per: Per = "letter",
    days: Days = 30,
    keep_days: Keep = 365,
    by_key: OfficerKey = None,
    second: Second = "",
    second_key: SecondKey = None,
    as_json: AsJson = False,
) -> None:
    """两名经办人登记一项依据：本人申请、法定职责、法院或反洗钱命令 · Two officers record a basis, in force at once."""
    with refusals(as_json):
        rooms, _ = open_letters(home)
        names = officers_acting(rooms, (by, by_key), (second, second_key))
        subject = rooms.find(identifier_of(rooms, identifier_in(uscc, ric))).token if uscc or ric else ""
        now = rooms.now().replace(microsecond=0)
        basis = PublicBasis(
            kind=kind,
            institution=institution,
            subject=subject,
            purpose=purpose,
            items=dict(pair.partition("=")[::2] for pair in item),
            article=article,
            reference=given(reference),
            range_months=months,
            cap=cap,
            window=cast(Window, per),
            retention_days=keep_days,
            start=now,
            end=now + timedelta(days=days),
        )
        letter = record_basis(rooms, basis, by=names)
    print_json(letter_facts(letter)) if as_json else out.print(
        say(f"已登记 {letter.id}", f"{letter.id} is recorded and in force"), highlight=False
    )


@basis_app.command("lift")
def basis_lift(
    home: Home,
    basis: Annotated[str, typer.Argument(help="依据编号 · the basis's id")],
    by: Officer,
    by_key: OfficerKey = None,
    as_json: AsJson = False,
) -> None:
    """提前终止一项依据；命令期间隐去的查询随即可见 · End a basis early; what an order hid shows from then on."""
    with refusals(as_json):
        rooms, _ = open_letters(home)
        letter = lift_basis(rooms, basis, by=acting_officer(by, by_key, rooms))
    facts = {"basis": letter.id, "state": letter.state.value, "version": letter.version}
    print_json(facts) if as_json else out.print(f"{letter.id} {letter.state}", highlight=False)
