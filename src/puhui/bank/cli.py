"""`puhui-bank …`: an institution's own commands. They need a key, the zone's URL and its trust file, nothing of a zone.

Exit codes: `puhui.bank.output`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from msgspec import structs

from puhui import __version__
from puhui.bank.client import Client, Patience, letter_proposal, question
from puhui.bank.exchange import ANSWERS, Answered, Ask, Refused
from puhui.bank.keys import new_key, read_key, trusted_keys
from puhui.bank.output import print_json, print_rows, refusals, say, tell
from puhui.bank.places import about, basis_of, month_now, zone_url
from puhui.bank.tries import Kept, earlier_answer, exchange_of, kept_tries, write_answer, write_private_file
from puhui.model.refusal import Said
from puhui.model.refusals_question import InputRefused
from puhui.wire.answers import ItemForm, read_answer, read_answer_file, write_answer_file
from puhui.wire.canonical import canonical

app = typer.Typer(
    name="puhui-bank",
    help="机构节点：提问、保存并出示答复 · An institution's node: ask a zone, keep what proves the answer.",
    epilog="退出码 · exit codes: 0 完成 done · 2 命令、密钥或文件有误 wrong command, key or file · "
    "9 被拒绝 refused · 10 未通过核验 not verified · 11 无答复 no answer · 12 暂时被拒绝 refused for now",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,  # locals may hold personal data
    add_completion=False,
)
key_app = typer.Typer(help="机构密钥 · the institution's keys", no_args_is_help=True)
letter_app = typer.Typer(help="授权书 · letters of authorisation", no_args_is_help=True)
app.add_typer(key_app, name="key")
app.add_typer(letter_app, name="letter")

Zone = Annotated[str, typer.Option("--zone", envvar="PUHUI_ZONE", help="专区网址 · the zone's URL")]
Key = Annotated[Path, typer.Option("--key", envvar="PUHUI_BANK_KEY", help="机构私钥文件 · the private key file")]
KeyId = Annotated[
    str, typer.Option("--key-id", help="密钥编号，如 bank-a/1；默认取自密钥文件 · its id; default: as the file says")
]
TrustFile = Annotated[
    Path | None,
    typer.Option(
        "--trust", envvar="PUHUI_TRUST", help="信任文件；不给则不核对专区签名 · without it nothing is checked"
    ),
]
Origin = Annotated[str, typer.Option("--origin", help="信任文件含多个专区时写明 · which zone of the trust file")]
Authority = Annotated[
    str, typer.Option("--authority", help="签入的专区名称，默认取自网址 · the zone's name, if not the URL's")
]
Within = Annotated[float, typer.Option("--within", min=1, help="最多重试多少秒 · seconds to go on trying")]
Uscc = Annotated[str, typer.Option("--uscc", help="统一社会信用代码；- 从标准输入读 · - reads stdin")]
Ric = Annotated[str, typer.Option("--ric", help="公民身份号码；- 从标准输入读 · - reads stdin")]
EndUser = Annotated[str, typer.Option("--end-user", help="最终用户 · for whom an intermediary asks")]
AsJson = Annotated[bool, typer.Option("--json", help="输出 JSON · print JSON")]


@app.callback()
def _main(
    version: bool = typer.Option(False, "--version", callback=lambda asked: _version(asked), is_eager=True),
) -> None:
    """Options of every command."""


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"puhui-bank {__version__}")
        raise typer.Exit


@app.command()
def ask(
    zone: Zone,
    key: Key,
    product: Annotated[str, typer.Option("--product", help="产品 · product")],
    purpose: Annotated[str, typer.Option("--purpose", help="用途，如 lending · purpose")],
    out: Annotated[Path, typer.Option("--out", help="答复文件，不覆盖 · the answer file; never overwritten")],
    uscc: Uscc = "",
    ric: Ric = "",
    letter: Annotated[str, typer.Option("--letter", help="授权书编号 · the letter's id")] = "",
    basis: Annotated[
        tuple[str, str] | None, typer.Option("--basis", help="其他依据：种类 编号 · KIND ID of another basis")
    ] = None,
    end_user: EndUser = "",
    idempotency_key: Annotated[
        str, typer.Option("--idempotency-key", help="早先未得答复的提问之键 · of an earlier try without a reply")
    ] = "",
    key_id: KeyId = "",
    trust: TrustFile = None,
    origin: Origin = "",
    authority: Authority = "",
    within: Within = 60.0,
    as_json: AsJson = False,
) -> None:
    """提一个问题，把答复及其证明写入文件 · Ask one question; the answer and its proof go to a file."""
    with refusals(as_json):
        asked = question(product, purpose, about(uscc, ric), basis=basis_of(letter, basis), end_user=end_user)
        kept = kept_tries(out)
        found = _answer_kept(kept, asked, checked=trust is not None)
        if found is None:
            with _client(zone, key, key_id, trust, origin, authority, within) as client:
                found = _asked(client, asked, idempotency_key, kept)
            write_answer(kept, found.file)
    _print_answer(found, out, as_json)


def _answer_kept(kept: Kept, asked: Mapping[str, object], *, checked: bool) -> Answered | None:
    """The answer that an earlier run wrote down before it could remove the tries."""
    file = earlier_answer(kept)
    if file is None:
        return None
    if file.request.body != canonical(dict(asked)).decode():
        raise InputRefused(
            Said(f"{kept.out.name} 是另一个提问的答复", f"{kept.out.name} is the answer to another question"),
            todo=Said("换一个 --out", "name another --out"),
        )
    kept.remove()
    return Answered(read_answer(file.response.body.encode()), file, checked)


def _asked(client: Client, asked: Mapping[str, object], idempotency_key: str, kept: Kept) -> Answered:
    """The answer. The tries stay on the disk while one of them may have been answered without our knowing."""
    exchange = exchange_of(kept, Ask(ANSWERS, document=asked), client, idempotency_key)
    try:
        return exchange.answered(client.carry(exchange))
    except Refused:
        if not exchange.open:
            kept.remove()
        raise


def _print_answer(found: Answered, out: Path, as_json: bool) -> None:
    form = found.body.form
    if as_json:
        print_json(
            {
                "answer": form.id,
                "file": str(out),
                "signature": "checked" if found.checked else "not-checked",
                "index": form.receipt.index,
                "tree_size": form.receipt.tree_size,
                "as_of": form.record.as_of,
                "items": {item.name: _value_of(item) for item in form.record.items},
            }
        )
        return
    heads = [say("指标", "item"), say("值", "value"), say("单位", "unit")]
    print_rows(f"{form.id} · {form.record.as_of}", heads, [[i.name, _shown(i), i.unit] for i in form.record.items])
    place = f"{form.receipt.index}/{form.receipt.tree_size}"
    tell(say(f"日志位置 {place}；已写入 {out}", f"Place in the log {place}; written to {out}"))
    if not found.checked:
        tell(say("未核对专区签名：没有给出 --trust", "The zone's signature was NOT checked: no --trust was given"))


def _value_of(item: ItemForm) -> Any:
    """The value as it came; None where it is unknown or withheld."""
    return item.value if isinstance(item.value, str | int | bool) else None


def _shown(item: ItemForm) -> str:
    value = _value_of(item)
    if value is None:
        return f"— {item.reason if isinstance(item.reason, str) else ''}".rstrip()
    if isinstance(value, bool):
        return say("是", "yes") if value else say("否", "no")
    return str(value)


@key_app.command("new")
def key_new(
    institution: Annotated[str, typer.Option("--institution", help="机构编号，如 bank-a · the institution's id")],
    out: Annotated[
        Path, typer.Option("--out", help="私钥文件（0600），公钥在旁 .pub · the private key; .pub beside it")
    ],
    version: Annotated[int, typer.Option("--version", min=1, help="第几把密钥 · which key of yours, from 1")] = 1,
    algorithm: Annotated[str, typer.Option("--algorithm", help="ed25519 | sm2-sm3")] = "ed25519",
    as_json: AsJson = False,
) -> None:
    """生成机构密钥；公钥交专区准入 · Make a key; its public half goes to the zone for admission."""
    with refusals(as_json):
        made, public = new_key(institution, out, version=version, algorithm=algorithm)
    if as_json:
        print_json({"key": made.id, "algorithm": made.algorithm, "private": str(out), "public": str(public)})
    else:
        tell(say(f"{made.id}：私钥 {out}，公钥 {public}", f"{made.id}: private {out}, public {public}"))


@app.command()
def proof(
    zone: Zone, key: Key,
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="答复文件 · the answer file")],
    key_id: KeyId = "", trust: TrustFile = None, origin: Origin = "", authority: Authority = "",
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """取回联署后的证明，写入答复文件 · Fetch the proof as witnesses cosigned it, into the answer file."""
    with refusals(as_json), _client(zone, key, key_id, trust, origin, authority) as client:
        kept = read_answer_file(file.read_bytes())
        name = read_answer(kept.response.body.encode()).form.id
        write_private_file(file, write_answer_file(structs.replace(kept, proof=client.proof(name))))
    if as_json:
        print_json({"answer": name, "file": str(file)})
    else:
        tell(say(f"证明已写入 {file}", f"The proof stands in {file}"))


@app.command()
def products(
    zone: Zone, key: Key, key_id: KeyId = "", trust: TrustFile = None, origin: Origin = "", authority: Authority = "",
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """合同允许查询的产品和指标 · What the contracts let you ask, item by item."""
    with refusals(as_json), _client(zone, key, key_id, trust, origin, authority) as client:
        found = client.products()
    if as_json:
        print_json(found)
        return
    for one in found:
        rows = [[i["name"], i["title"][say("zh", "en")], i["form"], i["unit"]] for i in one["items"]]
        heads = [say("指标", "item"), say("名称", "title"), say("形式", "form"), say("单位", "unit")]
        print_rows(f"{one['product']} · {one['purpose']} · {one['channel']}", heads, rows)


@app.command()
def mandates(
    zone: Zone, key: Key, key_id: KeyId = "", trust: TrustFile = None, origin: Origin = "", authority: Authority = "",
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """现行合同各条 · The lines of your contracts in force."""
    with refusals(as_json), _client(zone, key, key_id, trust, origin, authority) as client:
        found = client.mandates()
    _print_list(found, ("contract", "product", "purposes", "quotas", "valid_until"), as_json)


@app.command()
def trace(
    zone: Zone, key: Key,
    month: Annotated[str, typer.Option("--month", help="月份 YYYY-MM，默认本月 · default: this one")] = "",
    key_id: KeyId = "", trust: TrustFile = None, origin: Origin = "", authority: Authority = "",
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """本机构一个月的提问 · What you asked in a month, as the log has it."""
    with refusals(as_json), _client(zone, key, key_id, trust, origin, authority) as client:
        found = client.trace(month or month_now())
    _print_list(found, ("index", "at", "product", "answer", "refused", "price_fen"), as_json)


@app.command()
def answer(
    zone: Zone, key: Key,
    answer_id: Annotated[str, typer.Argument(metavar="ID", help="答复编号 · the answer's id")],
    out: Annotated[Path | None, typer.Option("--out", help="把答复正文写到 · where its body goes")] = None,
    key_id: KeyId = "", trust: TrustFile = None, origin: Origin = "", authority: Authority = "",
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """再取一次早先得到的答复正文 · The body of an answer that you were given, again."""
    with refusals(as_json), _client(zone, key, key_id, trust, origin, authority) as client:
        raw = client.answer(answer_id)
        if out is not None:
            write_private_file(out, raw)
    body = read_answer(raw)
    record = body.form.record
    told = {"answer": body.form.id, "at": record.at, "product": record.product, "index": body.form.receipt.index}
    print_json(told | {"items": {i.name: _value_of(i) for i in record.items}}) if as_json else print_rows(
        f"{body.form.id} · {record.at}",
        [say("指标", "item"), say("值", "value"), say("单位", "unit")],
        [[item.name, _shown(item), item.unit] for item in record.items],
    )


@letter_app.command("propose")
def letter_propose(
    zone: Zone,
    key: Key,
    wording: Annotated[str, typer.Option("--wording", help="数据包中的授权书 · the pack's letter")],
    purpose: Annotated[str, typer.Option("--purpose", help="用途，如 lending · purpose")],
    uscc: Uscc = "",
    ric: Ric = "",
    months: Annotated[int, typer.Option("--months", help="数据范围（月） · how far back data may go")] = 36,
    cap: Annotated[int, typer.Option("--cap", help="每周期次数；0 表示一次性 · uses per window; 0: once")] = 0,
    per: Annotated[str, typer.Option("--per", help="周期 letter|month|year · window")] = "month",
    days: Annotated[int, typer.Option("--days", help="有效天数 · days in force")] = 90,
    keep_days: Annotated[int, typer.Option("--keep-days", help="结果保存天数 · days an answer may be kept")] = 1096,
    end_user: EndUser = "",
    key_id: KeyId = "",
    trust: TrustFile = None,
    origin: Origin = "",
    authority: Authority = "",
    as_json: AsJson = False,
) -> None:
    """提出一份待主体签署的授权书 · Propose a letter for its subject to sign."""
    with refusals(as_json), _client(zone, key, key_id, trust, origin, authority) as client:
        proposed = letter_proposal(
            wording, purpose, about(uscc, ric), uses=cap, window=per, range_months=months,
            retention_days=keep_days, life_days=days, end_user=end_user,
        )  # fmt: skip
        found = client.propose_letter(proposed)
    _print_list([found], ("id", "state", "code"), as_json, one=True)


@letter_app.command("state")
def letter_state(
    zone: Zone, key: Key,
    letter: Annotated[str, typer.Argument(metavar="ID", help="授权书编号 · the letter's id")],
    key_id: KeyId = "", trust: TrustFile = None, origin: Origin = "", authority: Authority = "",
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """一份授权书的状态 · The state of one of your letters."""
    with refusals(as_json), _client(zone, key, key_id, trust, origin, authority) as client:
        found = client.letter(letter)
    _print_list([found], ("id", "state"), as_json, one=True)


def _client(
    zone: str, key: Path, key_id: str, trust: Path | None, origin: str, authority: str, within: float = 60.0
) -> Client:
    keys = trusted_keys(trust, origin) if trust is not None else None
    return Client(
        zone_url(zone), read_key(key, key_id), keys, authority=authority,
        patience=Patience(tries=max(5, int(within / 5)), within=within),
    )  # fmt: skip


def _print_list(found: list[dict[str, Any]], columns: tuple[str, ...], as_json: bool, *, one: bool = False) -> None:
    if as_json:
        print_json(found[0] if one else found)
        return
    print_rows("", columns, [[row.get(name) for name in columns] for row in found])
