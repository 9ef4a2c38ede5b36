"""Commands of letters that a passkey signs: draft one, print what the browser needs; and how terms are read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, cast

import typer

from puhui.bootstrap import open_letters
from puhui.cli.letter_options import Days, Institution, Keep, Months, Per, Ric, Uscc, identifier_in
from puhui.cli.options import AsJson, Home, spread
from puhui.cli.output import out, print_json, refusals
from puhui.cli.passkey_files import input_refused, read_credential
from puhui.consent.drafting import Choices
from puhui.consent.letter import Letter, Terms
from puhui.consent.signers import Signer
from puhui.desk.letter_rooms import LetterRooms
from puhui.desk.letter_signing import signed_by
from puhui.desk.letter_states import Word, act_document
from puhui.desk.letters import Draft, draft_letter, open_proposal, sign_letter
from puhui.desk.passkeys import letter_assertion, passkey_signer, signing_options
from puhui.model.refusal import Said
from puhui.model.refusals import UnknownName
from puhui.model.subject import Identifier
from puhui.wire.durable import replace_bytes
from puhui.wire.letters import Mode, Window

DRAFT = "puhui letter draft"
CHALLENGE = "puhui letter challenge"
LetterId = Annotated[str, typer.Argument(help="授权书编号 · the letter's id")]
WordingName = Annotated[str, typer.Option("--wording", help="数据包中的授权书 · the pack's letter")]
EndUser = Annotated[str, typer.Option("--end-user", help="最终用户 · for whom an intermediary asks")]
Cap = Annotated[int, typer.Option("--cap", help="每周期次数；0 表示一次性 · uses per window; 0: once")]
Proposal = Annotated[str, typer.Option("--proposal", help="待签授权书编号 · the proposal's id")]
Code = Annotated[str, typer.Option("--code", help="或其代码 · or its code")]
Ticks = Annotated[list[str] | None, typer.Option("--tick", help="逐项勾选 · each item that is ticked")]
Stated = Annotated[list[str] | None, typer.Option("--stated", help="核对项=申报值 · CHECK=VALUE")]
Language = Annotated[str, typer.Option("--lang", help="zh | en")]
Show = Annotated[bool, typer.Option("--show", help="只显示文本，不签署 · show the text only")]
PasskeySigner = Annotated[str, typer.Option("--signer", help="已登记的通行密钥 G-… · the enrolled passkey")]
DraftFile = Annotated[Path | None, typer.Option("--draft", help="待签原文 · what `letter draft` wrote")]


@dataclass(frozen=True)
class Wish:
    """What a subject wants to sign: a proposal that waits for it, or terms of its own; the ticks and stated values."""

    uscc: Uscc = ""
    ric: Ric = ""
    proposal: Proposal = ""
    code: Code = ""
    institution: Institution = ""
    wording: WordingName = ""
    tick: Ticks = None
    stated: Stated = None
    end_user: EndUser = ""
    months: Months = 36
    cap: Cap = 0
    per: Per = "month"
    days: Days = 90
    keep_days: Keep = 1096
    lang: Language = "zh"

    def grantor(self) -> Identifier:
        return identifier_in(self.uscc, self.ric)

    def draft(self, rooms: LetterRooms, signer: Signer, grantor: Identifier, *, show: bool) -> Draft:
        """The document for an enrolled signer. `--tick all` ticks everything that the wording has, as `show` does."""
        if self.proposal or self.code:
            letter_id, terms = open_proposal(rooms, grantor, letter_id=self.proposal, code=self.code)
        else:
            letter_id, terms = "", self._terms(rooms)
        ticks = self.tick or (["all"] if show else [])
        wording = rooms.packs.letters.get(terms.wording)
        known = [tick.id for tick in wording.ticks] if wording is not None else []
        chosen = tuple(known) if ticks == ["all"] else tuple(tick for tick in known if tick in ticks)
        values = dict(pair.partition("=")[::2] for pair in self.stated or ())
        choices = Choices(chosen, values, "en" if self.lang == "en" else "zh", signed_by(signer))
        return draft_letter(rooms, terms, grantor, choices, letter_id=letter_id)

    def _terms(self, rooms: LetterRooms) -> Terms:
        return terms_said(
            rooms, self.institution, self.end_user, self.wording, self.months, self.cap, self.per, self.days,
            self.keep_days,
        )  # fmt: skip


def register(letter_app: typer.Typer) -> None:
    letter_app.command("draft")(letter_draft)
    letter_app.command("challenge")(letter_challenge)


@spread
def letter_draft(
    home: Home,
    signer: PasskeySigner,
    wish: Wish,
    file: Annotated[Path | None, typer.Option("--out", help="原文写入此文件 · where the document goes")] = None,
    as_json: AsJson = False,
) -> None:
    """起草由通行密钥签署的授权书，打印浏览器用的参数；无 --out 只显示文本 · Draft a letter that a passkey signs, and
    print the options for the browser, as JSON; without --out, the text only."""
    with refusals(as_json):
        rooms, _ = open_letters(home)
        grantor, holder = wish.grantor(), passkey_signer(rooms, signer)
        draft = wish.draft(rooms, holder, grantor, show=file is None)
        if file is None:
            print_json({"text": draft.text}) if as_json else out.print(draft.text, markup=False, highlight=False)
            return
        replace_bytes(file, draft.document)
        options = signing_options(rooms, holder, draft.document)
    print_json(options)


def letter_challenge(
    home: Home,
    letter: LetterId,
    signer: PasskeySigner,
    act: Annotated[str, typer.Option("--act", help="pause | resume | revoke | decline")],
    as_json: AsJson = False,
) -> None:
    """打印以通行密钥暂停、恢复、撤回、拒绝时浏览器用的参数 · Print the options under which a browser signs a pause, a
    resumption, a revocation or a "no", as JSON."""
    with refusals(as_json):
        rooms, _ = open_letters(home)
        words: dict[str, Word] = {"pause": "paused", "resume": "resumed", "revoke": "revoked", "decline": "declined"}
        if act not in words:
            raise UnknownName(
                Said("没有这个操作", "there is no such act"),
                todo=Said("pause、resume、revoke 或 decline", "pause, resume, revoke or decline"),
            )
        document = act_document(rooms, letter, words[act])
        options = signing_options(rooms, passkey_signer(rooms, signer), document)
    print_json(options)


def sign_drafted(rooms: LetterRooms, draft: Path | None, passkey: Path | None) -> Letter:
    """The letter of a draft, signed by what a browser gave for it."""
    try:
        document = draft.read_bytes() if draft else b""
    except OSError:
        document = b""
    if not document:
        raise input_refused("--draft 不是待签的原文", "--draft is no document to sign", DRAFT)
    return sign_letter(rooms, document, letter_assertion(rooms, document, read_credential(passkey, DRAFT)))


def terms_said(
    rooms: LetterRooms,
    institution: str,
    end_user: str,
    wording: str,
    months: int,
    cap: int,
    per: str,
    days: int,
    keep_days: int,
) -> Terms:
    """The terms that the options say; the purpose is the wording's own."""
    form = rooms.packs.letters.get(wording)
    if form is None:
        raise UnknownName(
            Said("没有这个授权书文本", "no pack has this wording"), todo=Said("用 --wording 写明", "name it: --wording")
        )
    mode, window = ("periodic", per) if cap else ("once", "letter")
    return Terms(
        institution=institution,
        end_user=end_user,
        wording=wording,
        purpose=form.purpose,
        range_months=months,
        mode=cast(Mode, mode),
        cap=cap or 1,
        window=cast(Window, window),
        retention_days=keep_days,
        life_days=days,
    )
