"""Commands of contracts: drawn up, signed by the institution, proposed, ended."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from puhui.bootstrap import Zone, now, open_zone
from puhui.cli.acting import Acting
from puhui.cli.options import AsJson, Home, spread
from puhui.cli.output import out, print_json, print_proposal, print_table, refusals, say
from puhui.contracts.contract import Signature, read_contract, sign_contract
from puhui.desk.agreements import SIGN, contract_rows, draft, end_contract
from puhui.model.refusal import Said
from puhui.model.refusals_question import ContractRefused
from puhui.wire.keys import read_private

contract_app = typer.Typer(help="合同 · contracts", no_args_is_help=True)

Institution = Annotated[str, typer.Option("--institution", help="机构编号 · id of the institution")]
Products = Annotated[list[str] | None, typer.Option("--product", help="产品 · product")]
Purposes = Annotated[list[str] | None, typer.Option("--purpose", help="用途；默认为产品的用途 · purpose")]
Quotas = Annotated[list[str] | None, typer.Option("--quota", help="day=1000 | month=… | contract=…")]
Plan = Annotated[str, typer.Option("--plan", help="计价方案（JSON） · price plan, JSON")]
EndUsers = Annotated[list[str] | None, typer.Option("--end-user", help="最终用户 · end user of an intermediary")]
Items = Annotated[list[str] | None, typer.Option("--item", help="约定的目录事项 · items that the parties name")]
Holder = Annotated[str, typer.Option("--holder", help="通道许可的持有机构 · who holds the licence of the channel")]
Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"])]
Document = Annotated[Path | None, typer.Option("--document", help="合同原文 · the contract's document")]
FREE = '{"kind": "free"}'


@dataclass(frozen=True)
class Terms:
    """What a command says of a contract that is to be drawn up."""

    products: Products = None
    purposes: Purposes = None
    quotas: Quotas = None
    plan: Plan = FREE
    end_users: EndUsers = None
    items: Items = None
    holder: Holder = ""
    begin: Day = None
    until: Day = None

    def given(self, institution: str) -> dict[str, Any]:
        """The terms as a draft takes them. Without dates: for a year from now."""
        first = (self.begin.replace(tzinfo=UTC) if self.begin else now()).replace(microsecond=0)
        limits = dict(_quota(one) for one in self.quotas or ())
        purposes = list(self.purposes or ())
        return {
            "institution": institution,
            "products": [{"product": one, "purposes": purposes, "quotas": limits} for one in self.products or ()],
            "plan": _plan(self.plan),
            "end_users": list(self.end_users or ()),
            "items": list(self.items or ()),
            "holder": self.holder,
            "valid_from": first,
            "valid_until": self.until.replace(tzinfo=UTC) if self.until else first + timedelta(days=365),
        }


def register(app: typer.Typer) -> None:
    app.add_typer(contract_app, name="contract")


@contract_app.command("draft")
@spread
def draft_only(
    home: Home,
    *,
    institution: Institution,
    target: Annotated[Path, typer.Option("--out", help="合同原文写到 · where the document goes")],
    terms: Terms,
    as_json: AsJson = False,
) -> None:
    """起草合同，供机构签署 · Draw a contract up for the institution to sign."""
    with refusals(as_json):
        zone = open_zone(home)
        contract = draft(zone.desk, terms.given(institution))
        target.write_bytes(contract.document)
    answer = {"contract": contract.id, "document": str(target)}
    print_json(answer) if as_json else out.print(say(f"已起草 {contract.id}", f"{contract.id} is drawn up"))


@contract_app.command("sign")
def sign(
    document: Annotated[Path, typer.Argument(help="合同原文 · the contract's document")],
    key: Annotated[Path, typer.Option("--key", help="机构私钥 · the institution's private key")],
    key_id: Annotated[str, typer.Option("--key-id", help="密钥编号，如 bank-a/1 · id of the key")],
    target: Annotated[Path, typer.Option("--out", help="签名写到 · where the signature goes")],
    as_json: AsJson = False,
) -> None:
    """机构签署合同；不需要专区 · The institution signs a contract; nothing of a zone is needed."""
    with refusals(as_json):
        contract = read_contract(_read(document))
        signature = sign_contract(contract.document, read_private(key, key_id))
        target.write_text(json.dumps(signature.as_dict()) + "\n", encoding="utf-8")
    answer = {"contract": contract.id, "signature": str(target)}
    print_json(answer) if as_json else out.print(say(f"已签署 {contract.id}", f"{contract.id} is signed"))


@contract_app.command("propose")
@spread
def propose(
    home: Home,
    *,
    document: Document = None,
    signature: Annotated[Path | None, typer.Option("--signature", help="机构的签名 · its signature")] = None,
    institution: Institution = "",
    terms: Terms,
    signing_key: Annotated[
        Path | None, typer.Option("--signing-key", help="机构私钥，当场签署 · its private key, to sign here and now")
    ] = None,
    acting: Acting,
    as_json: AsJson = False,
) -> None:
    """提议合同：给出原文和机构签名，或当场起草签署 · Propose a contract: document and signature, or made here."""
    with refusals(as_json):
        zone = open_zone(home)
        if document is not None:
            text, signed = _read(document).decode("utf-8", "replace"), _read(signature).decode("utf-8", "replace")
        else:
            made = draft(zone.desk, terms.given(institution))
            text = made.document.decode()
            signed = json.dumps(_signed_here(zone, made.document, institution, signing_key).as_dict())
        arguments = {"document": text, "signature": signed}
        proposal = acting.proposes(zone, SIGN, arguments, "contract with an institution")
    print_proposal(proposal, as_json)


@contract_app.command("end")
@spread
def end(
    home: Home,
    contract: Annotated[str, typer.Argument(help="合同编号 · id of the contract")],
    acting: Acting,
    as_json: AsJson = False,
) -> None:
    """立即终止合同 · End a contract at once."""
    with refusals(as_json):
        zone = open_zone(home)
        answer = end_contract(zone.desk, contract, by=acting.officer(zone), reason=acting.reason)
    print_json(answer) if as_json else out.print(say(f"{contract} 已终止", f"{contract} has ended"))


@contract_app.command("list")
def list_all(
    home: Home, institution: Annotated[str, typer.Option("--institution", help="机构 · institution")] = "",
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """列出合同 · List contracts."""
    with refusals(as_json):
        rows = contract_rows(open_zone(home).desk, institution)
    if as_json:
        print_json(rows)
        return
    heads = ["id", say("机构", "institution"), say("状态", "state"), say("截止", "until"), say("产品", "products")]
    shown = [[r["id"], r["institution"], r["state"], f"{r['valid_until']:%Y-%m-%d}", len(r["products"])] for r in rows]
    print_table(say("合同", "Contracts"), heads, shown)


def _quota(text: str) -> tuple[str, int]:
    window, _, most = text.partition("=")
    if not most.isascii() or not most.isdigit():
        raise _refused("配额写作 day=1000", "a quota is given as day=1000")
    return window, int(most)


def _plan(text: str) -> dict[str, Any]:
    try:
        plan = json.loads(text)
    except ValueError:
        plan = None
    if not isinstance(plan, dict):
        raise _refused("计价方案应为 JSON 对象", "a price plan is a JSON object")
    return plan


def _signed_here(zone: Zone, document: bytes, institution: str, key: Path | None) -> Signature:
    """The institution's signature with a key file that its officer brought along."""
    if key is None:
        raise _refused(
            "须有机构的签名：--signature 或 --signing-key", "the institution signs: --signature or --signing-key"
        )
    public = read_private(key, "new/1").verifying().public
    for known in zone.desk.partners.admissions.keys(institution):
        held = zone.desk.partners.directory.key(known["id"])
        if held is not None and held.key.public == public:
            return sign_contract(document, read_private(key, known["id"]))
    raise _refused("该私钥不是该机构的", "this private key is not one of the institution's")


def _read(file: Path | None) -> bytes:
    try:
        return file.read_bytes() if file is not None else b""
    except OSError as error:
        raise _refused(f"文件无法读取（{error.strerror}）", f"the file cannot be read ({error.strerror})") from None


def _refused(zh: str, en: str) -> ContractRefused:
    return ContractRefused(Said(zh, en), todo=Said("改正后重试", "mend it and try again"))
