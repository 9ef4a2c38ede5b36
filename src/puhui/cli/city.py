"""`puhui city make`: the synthetic city."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from puhui.cli.options import AsJson
from puhui.cli.output import out, print_json, progress, refusals, say

city_app = typer.Typer(help="合成城市 · the synthetic city", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.add_typer(city_app, name="city")


@city_app.command("make")
def make(
    folder: Annotated[Path, typer.Argument(help="输出文件夹 · folder")],
    subjects: Annotated[int, typer.Option("--subjects", min=100, help="主体数 · subjects")],
    seed: Annotated[int, typer.Option("--seed", help="随机种子 · seed")] = 1,
    as_of: Annotated[datetime, typer.Option("--as-of", formats=["%Y-%m-%d"])] = datetime(2026, 6, 30),
    truth: Annotated[bool | None, typer.Option("--truth/--no-truth", help="是否写真值指标 · truth figures")] = None,
    as_json: AsJson = False,
) -> None:
    """造一座合成城市：各部门的投送文件和真值 · Deliveries of all agencies, and the truth."""
    from puhui.bootstrap import default_packs
    from puhui.city.make import make_city

    with refusals(as_json), progress(say("造城", "Making the city"), as_json) as step:
        made = make_city(
            folder,
            default_packs(()),
            subjects=subjects,
            seed=seed,
            as_of=as_of.date(),
            truth=truth,
            progress=step,
        )
    if as_json:
        print_json(
            {
                "folder": folder,
                "subjects": made.subjects,
                "parcels": made.parcels,
                "rows": made.rows,
                "figures": made.figures,
            }
        )
    else:
        out.print(
            say(
                f"已写出 {made.parcels} 个包、{made.rows} 行：{folder}",
                f"{made.parcels} parcels, {made.rows} rows: {folder}",
            )
        )
