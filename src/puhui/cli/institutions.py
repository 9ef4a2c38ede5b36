"""Commands of institutions: proposed for admission, changed, their keys turned over, stopped."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from puhui.bootstrap import now, open_zone
from puhui.cli.options import AsJson, Home, KeyFile, MaybeBy, Why
from puhui.cli.output import language, out, print_json, print_proposal, print_table, refusals, say
from puhui.desk.acts import propose_act
from puhui.desk.admissions import ADD_KEY, ADMIT, CHANGE, END, RESUME, institution_rows, revoke_key, suspend
from puhui.desk.officers import acting_officer
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


def register(app: typer.Typer) -> None:
    institution_app.add_typer(key_app, name="key")
    app.add_typer(institution_app, name="institution")


@institution_app.command("propose")
def propose(
    home: Home,
    name: Annotated[str, typer.Option("--name", help="机构编号，如 bank-a · id, as bank-a")],
    keys: Annotated[
        list[Path] | None, typer.Option("--key", help="机构公钥文件 · the institution's public key")
    ] = None,
    zh: Zh = "",
    en: En = "",
    kind: Kind = "bank",
    uscc: Uscc = "",
    scopes: Scopes = None,
    networks: Networks = None,
    licences: Licences = None,
    rate: Rate = None,
    webhooks: Webhooks = None,
    days: Days = 730,
    by: MaybeBy = "",
    key_file: KeyFile = None,
    reason: Why = "",
    as_json: AsJson = False,
) -> None:
    """提议准入一个机构；须安全岗的另一人批准 · Propose to admit an institution; another officer approves."""
    with refusals(as_json):
        stated = {**_stated(zh, en, uscc, scopes, networks, licences, rate, webhooks), "id": name, "kind": kind}
        stated.setdefault("name", {"zh": name, "en": name})
        stated["keys"] = [_new_key(file, days).as_dict() for file in keys or ()]
        proposal = _propose(home, ADMIT, stated, by, key_file, reason or f"admission of {name}")
    print_proposal(proposal, as_json)


@institution_app.command("change")
def change(
    home: Home,
    name: Named,
    zh: Zh = "",
    en: En = "",
    uscc: Uscc = "",
    scopes: Scopes = None,
    networks: Networks = None,
    licences: Licences = None,
    rate: Rate = None,
    webhooks: Webhooks = None,
    by: MaybeBy = "",
    key_file: KeyFile = None,
    reason: Why = "",
    as_json: AsJson = False,
) -> None:
    """提议变更一个机构 · Propose to change what is known of an institution."""
    with refusals(as_json):
        stated = {**_stated(zh, en, uscc, scopes, networks, licences, rate, webhooks), "id": name}
        proposal = _propose(home, CHANGE, stated, by, key_file, reason)
    print_proposal(proposal, as_json)


@institution_app.command("resume")
def resume(
    home: Home, name: Named, by: MaybeBy = "", key_file: KeyFile = None, reason: Why = "", as_json: AsJson = False
) -> None:
    """提议恢复已暂停的机构 · Propose to let a suspended institution in again."""
    with refusals(as_json):
        proposal = _propose(home, RESUME, {"id": name}, by, key_file, reason)
    print_proposal(proposal, as_json)


@institution_app.command("end")
def end(
    home: Home, name: Named, by: MaybeBy = "", key_file: KeyFile = None, reason: Why = "", as_json: AsJson = False
) -> None:
    """提议终止一个机构 · Propose to end an institution for good."""
    with refusals(as_json):
        proposal = _propose(home, END, {"id": name}, by, key_file, reason)
    print_proposal(proposal, as_json)


@institution_app.command("suspend")
def suspend_now(
    home: Home, name: Named, by: MaybeBy = "", key_file: KeyFile = None, reason: Why = "", as_json: AsJson = False
) -> None:
    """立即暂停一个机构 · Stop an institution at once."""
    with refusals(as_json):
        zone = open_zone(home)
        answer = suspend(zone.desk, name, by=acting_officer(by, key_file, zone.officers), reason=reason)
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
def key_add(
    home: Home,
    name: Named,
    public: Annotated[Path, typer.Option("--key", help="新公钥文件 · the new public key")],
    days: Days = 730,
    by: MaybeBy = "",
    key_file: KeyFile = None,
    reason: Why = "",
    as_json: AsJson = False,
) -> None:
    """提议增加机构密钥；旧密钥继续有效，以便轮换 · Propose another key; earlier ones stay valid meanwhile."""
    with refusals(as_json):
        given = {"id": name, "key": _new_key(public, days).as_dict()}
        proposal = _propose(home, ADD_KEY, given, by, key_file, reason or f"another key of {name}")
    print_proposal(proposal, as_json)


@key_app.command("revoke")
def key_revoke(
    home: Home,
    key_id: Annotated[str, typer.Argument(help="密钥编号，如 bank-a/1 · id of the key")],
    by: MaybeBy = "",
    key_file: KeyFile = None,
    reason: Why = "",
    as_json: AsJson = False,
) -> None:
    """立即吊销一个密钥 · Revoke a key at once."""
    with refusals(as_json):
        zone = open_zone(home)
        answer = revoke_key(zone.desk, key_id, by=acting_officer(by, key_file, zone.officers), reason=reason)
    print_json(answer) if as_json else out.print(say(f"{key_id} 已吊销", f"{key_id} is revoked"))


def _valid(keys: list[dict[str, Any]]) -> list[str]:
    return [str(key["id"]) for key in keys if not key["revoked_at"]]


def _propose(home: Path, act: str, given: dict[str, Any], by: str, key_file: Path | None, reason: str) -> int:
    zone = open_zone(home)
    return propose_act(zone.desk, act, given, by=acting_officer(by, key_file, zone.officers), reason=reason)


def _stated(
    zh: str,
    en: str,
    uscc: str,
    scopes: list[str] | None,
    networks: list[str] | None,
    licences: list[str] | None,
    rate: int | None,
    webhooks: list[str] | None,
) -> dict[str, Any]:
    """What was given; what was not stays as it is. One empty text empties a list."""
    named = {"name": {"zh": zh or en, "en": en or zh}} if zh or en else {}
    lists = {"scopes": scopes, "networks": networks, "webhooks": webhooks}
    given = {key: [one for one in value if one] for key, value in lists.items() if value is not None}
    plain = {key: value for key, value in (("uscc", uscc), ("rate", rate)) if value}
    held = {"licences": [_licence(text) for text in licences if text]} if licences is not None else {}
    return {**named, **given, **plain, **held}


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
