"""Commands of institutions: proposed for admission, changed, their keys turned over, stopped."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from puhui.bootstrap import now, open_zone
from puhui.cli.acting import Acting
from puhui.cli.options import AsJson, Home, spread
from puhui.cli.output import language, out, print_json, print_proposal, print_table, refusals, say
from puhui.desk.admissions import ADD_KEY, ADMIT, CHANGE, END, RESUME, institution_rows, revoke_key, suspend
from puhui.institutions.admission import NewKey
from puhui.model.refusal import Said
from puhui.model.refusals_question import AdmissionRefused, KeyRefused
from puhui.wire.keys import ED25519, public_of_pem

institution_app = typer.Typer(help="机构 · institutions", no_args_is_help=True)
key_app = typer.Typer(help="机构的密钥 · keys of institutions", no_args_is_help=True)

Named = Annotated[str, typer.Argument(help="机构编号 · id of the institution")]
Zh = Annotated[str, typer.Option("--title-zh", help="中文名称 · name in Chinese")]
En = Annotated[str, typer.Option("--title-en", help="英文名称 · name in English")]
Kind = Annotated[str, typer.Option("--kind", help="bank | insurer | guarantor | bureau | agency | hospital …")]
Uscc = Annotated[str, typer.Option("--uscc", help="统一社会信用代码 · credit code")]
Scopes = Annotated[list[str] | None, typer.Option("--scope", help="answers | letters | monitors | reports")]
Networks = Annotated[list[str] | None, typer.Option("--network", help="网段 · CIDR")]
Licences = Annotated[
    list[str] | None, typer.Option("--licence", help="通道,编号,起始日[,截止日] · CHANNEL,RECORD,FROM[,UNTIL]")
]
Rate = Annotated[int | None, typer.Option("--rate", help="每秒提问数 · questions a second")]
Webhooks = Annotated[list[str] | None, typer.Option("--webhook", help="通知地址 · https address for notices")]
Days = Annotated[int, typer.Option("--days", help="密钥有效天数 · days that the key is valid")]


@dataclass(frozen=True)
class Stated:
    """What a command says of an institution."""

    zh: Zh = ""
    en: En = ""
    uscc: Uscc = ""
    scopes: Scopes = None
    networks: Networks = None
    licences: Licences = None
    rate: Rate = None
    webhooks: Webhooks = None

    def given(self) -> dict[str, Any]:
        """What was given; what was not stays as it is. One empty text empties a list."""
        zh, en = self.zh or self.en, self.en or self.zh
        lists = {"scopes": self.scopes, "networks": self.networks, "webhooks": self.webhooks}
        given = {key: [one for one in value if one] for key, value in lists.items() if value is not None}
        named = {"name": {"zh": zh, "en": en}} if zh else {}
        plain = {key: value for key, value in (("uscc", self.uscc), ("rate", self.rate)) if value}
        held = {} if self.licences is None else {"licences": [_licence(text) for text in self.licences if text]}
        return {**named, **given, **plain, **held}


def register(app: typer.Typer) -> None:
    institution_app.add_typer(key_app, name="key")
    app.add_typer(institution_app, name="institution")


@institution_app.command("propose")
@spread
def propose(
    home: Home,
    *,
    name: Annotated[str, typer.Option("--name", help="机构编号，如 bank-a · id, as bank-a")],
    keys: Annotated[
        list[Path] | None, typer.Option("--key", help="机构公钥文件 · the institution's public key")
    ] = None,
    kind: Kind = "bank",
    stated: Stated,
    days: Days = 730,
    acting: Acting,
    as_json: AsJson = False,
) -> None:
    """提议准入一个机构；须安全岗的另一人批准 · Propose to admit an institution; another officer approves."""
    with refusals(as_json):
        given = {"name": {"zh": name, "en": name}, **stated.given(), "id": name, "kind": kind}
        given["keys"] = [_new_key(file, days).as_dict() for file in keys or ()]
        proposal = acting.proposes(open_zone(home), ADMIT, given, f"admission of {name}")
    print_proposal(proposal, as_json)


@institution_app.command("change")
@spread
def change(
    home: Home,
    name: Named,
    stated: Stated,
    acting: Acting,
    as_json: AsJson = False,
) -> None:
    """提议变更一个机构 · Propose to change what is known of an institution."""
    with refusals(as_json):
        proposal = acting.proposes(open_zone(home), CHANGE, {**stated.given(), "id": name})
    print_proposal(proposal, as_json)


@institution_app.command("resume")
@spread
def resume(home: Home, name: Named, acting: Acting, as_json: AsJson = False) -> None:
    """提议恢复已暂停的机构 · Propose to let a suspended institution in again."""
    with refusals(as_json):
        proposal = acting.proposes(open_zone(home), RESUME, {"id": name})
    print_proposal(proposal, as_json)


@institution_app.command("end")
@spread
def end(home: Home, name: Named, acting: Acting, as_json: AsJson = False) -> None:
    """提议终止一个机构 · Propose to end an institution for good."""
    with refusals(as_json):
        proposal = acting.proposes(open_zone(home), END, {"id": name})
    print_proposal(proposal, as_json)


@institution_app.command("suspend")
@spread
def suspend_now(home: Home, name: Named, acting: Acting, as_json: AsJson = False) -> None:
    """立即暂停一个机构 · Stop an institution at once."""
    with refusals(as_json):
        zone = open_zone(home)
        answer = suspend(zone.desk, name, by=acting.officer(zone), reason=acting.reason)
    print_json(answer) if as_json else out.print(say(f"{name} 已暂停", f"{name} is suspended"))


@institution_app.command("list")
def list_all(home: Home, as_json: AsJson = False) -> None:
    """列出机构及其密钥 · List institutions with their keys."""
    with refusals(as_json):
        rows = institution_rows(open_zone(home).desk)
    if as_json:
        print_json(rows)
        return
    heads = ["id", say("名称", "name"), say("类型", "kind"), say("状态", "state"), say("密钥", "keys")]
    shown = [[r["id"], r["name"][language()], r["kind"], r["state"], ", ".join(_valid(r["keys"]))] for r in rows]
    print_table(say("机构", "Institutions"), heads, shown)


@key_app.command("add")
@spread
def key_add(
    home: Home,
    name: Named,
    *,
    public: Annotated[Path, typer.Option("--key", help="新公钥文件 · the new public key")],
    days: Days = 730,
    acting: Acting,
    as_json: AsJson = False,
) -> None:
    """提议增加机构密钥；旧密钥继续有效，以便轮换 · Propose another key; earlier ones stay valid meanwhile."""
    with refusals(as_json):
        given = {"id": name, "key": _new_key(public, days).as_dict()}
        proposal = acting.proposes(open_zone(home), ADD_KEY, given, f"another key of {name}")
    print_proposal(proposal, as_json)


@key_app.command("revoke")
@spread
def key_revoke(
    home: Home,
    key_id: Annotated[str, typer.Argument(help="密钥编号，如 bank-a/1 · id of the key")],
    acting: Acting,
    as_json: AsJson = False,
) -> None:
    """立即吊销一个密钥 · Revoke a key at once."""
    with refusals(as_json):
        zone = open_zone(home)
        answer = revoke_key(zone.desk, key_id, by=acting.officer(zone), reason=acting.reason)
    print_json(answer) if as_json else out.print(say(f"{key_id} 已吊销", f"{key_id} is revoked"))


def _valid(keys: list[dict[str, Any]]) -> list[str]:
    return [str(key["id"]) for key in keys if not key["revoked_at"]]


def _licence(text: str) -> dict[str, str]:
    parts = [part.strip() for part in text.split(",")]
    if len(parts) not in (3, 4):
        raise AdmissionRefused(
            Said("许可应写作 通道,编号,起始日[,截止日]", "a licence is given as CHANNEL,RECORD,FROM[,UNTIL]"),
            todo=Said("日期写作 YYYY-MM-DD", "days are YYYY-MM-DD"),
        )
    return dict(zip(("channel", "record", "from", "until"), parts, strict=False))


def _new_key(file: Path, days: int) -> NewKey:
    """A public key out of PEM, or of 32 raw bytes; valid from the beginning of this minute on."""
    try:
        raw = file.read_bytes()
    except OSError as error:
        raise KeyRefused(
            Said(f"公钥文件无法读取（{error.strerror}）", f"the key file cannot be read ({error.strerror})"),
            todo=Said("检查文件名", "check the file name"),
        ) from None
    begin = now().astimezone(UTC).replace(second=0, microsecond=0)
    algorithm, public = (ED25519, raw) if len(raw) == 32 else _of_pem(raw)
    return NewKey(algorithm, public, begin, _later(begin, days))


def _of_pem(raw: bytes) -> tuple[str, bytes]:
    key = public_of_pem(raw, "new/1")
    return key.algorithm, key.public


def _later(begin: datetime, days: int) -> datetime:
    return begin + timedelta(days=max(days, 0))
