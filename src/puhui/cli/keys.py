"""Commands of the zone's own keys: renew one, tell that one was compromised, list signing keys with their periods."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from puhui.bootstrap import open_zone
from puhui.cli.acting import Acting
from puhui.cli.options import AsJson, Home, spread
from puhui.cli.output import out, print_answer, print_json, print_proposal, print_table, refusals, say
from puhui.desk.keys import COMPROMISE, OVERLAP, SIGNING, key_rows, rotate_key

zone_key_app = typer.Typer(help="专区自己的密钥 · the zone's own keys", no_args_is_help=True)
_HOURS = int(OVERLAP.total_seconds() // 3600)


def register(app: typer.Typer) -> None:
    app.add_typer(zone_key_app, name="key")


@zone_key_app.command("rotate")
@spread
def rotate(
    home: Home,
    name: Annotated[
        str, typer.Argument(help="zone | log-signer | log-signer-sm2 | vault-seal | landings | log-YYYY-MM …")
    ],
    *,
    overlap: Annotated[
        int, typer.Option("--overlap", min=0, help="旧签名密钥继续有效的小时数 · hours that the old one still counts")
    ] = _HOURS,
    acting: Acting,
    as_json: AsJson = False,
) -> None:
    """轮换一个密钥；旧版本仍可验证和解密 · Renew a key; what the old versions signed or sealed stays good."""
    with refusals(as_json):
        zone = open_zone(home)
        by, kept = acting.officer(zone), timedelta(hours=overlap)
        answer = rotate_key(zone.desk, name, by=by, reason=acting.reason, overlap=kept)
    if as_json:
        print_json(answer)
        return
    print_answer(answer)
    if name in SIGNING:
        out.print(
            say(
                "请在期限前重启 puhui serve，重新导出信任文件并发给各机构，备份密钥",
                "Before that time: restart `puhui serve`, export the trust file anew and hand it out, back the keys up",
            )
        )


@zone_key_app.command("compromise")
@spread
def compromise(
    home: Home,
    key_id: Annotated[str, typer.Argument(metavar="ID", help="版本，如 zone/1 · the version")],
    since: Annotated[datetime, typer.Option("--since", help="最早可能的泄露时间（UTC） · since when, in UTC")],
    acting: Acting,
    as_json: AsJson = False,
) -> None:
    """提议认定密钥泄露；须另一人批准 · Propose that a key was compromised; another officer approves."""
    with refusals(as_json):
        zone = open_zone(home)
        given = {"key": key_id, "since": (since if since.tzinfo else since.replace(tzinfo=UTC)).isoformat()}
        proposal = acting.proposes(zone, COMPROMISE, given)
    print_proposal(proposal, as_json)


@zone_key_app.command("list")
def list_keys(home: Home, as_json: AsJson = False) -> None:
    """列出签名密钥及其有效期 · List the signing keys with their periods."""
    with refusals(as_json):
        rows = key_rows(open_zone(home).desk)
    if as_json:
        print_json(rows)
        return
    heads = [say("密钥", "key"), say("算法", "algorithm"), say("公钥", "public"), say("自", "from"), say("至", "until")]
    print_table(say("签名密钥", "Signing keys"), heads, [_row(one) for one in rows])


def _row(one: dict[str, Any]) -> list[str]:
    start, end = (f"{at:%Y-%m-%d %H:%M:%S}" if at else "–" for at in (one["start"], one["end"]))
    return [one["key"], one["algorithm"], one["public"], start, end]
