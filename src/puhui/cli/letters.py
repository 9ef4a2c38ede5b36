"""Commands of letters: propose, sign, pause, resume, revoke, show, end."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from puhui.bootstrap import open_letters, open_zone
from puhui.cli import letter_drafts
from puhui.cli.letter_drafts import (
    CHALLENGE,
    DRAFT,
    Cap,
    DraftFile,
    EndUser,
    LetterId,
    Show,
    Wish,
    WordingName,
    sign_drafted,
    terms_said,
)
from puhui.cli.letter_options import (
    Days,
    Institution,
    Keep,
    KeyFile,
    Months,
    Officer,
    OfficerKey,
    Per,
    Ric,
    Uscc,
    evidence_of,
    identifier_in,
)
from puhui.cli.options import AsJson, Home, spread
from puhui.cli.output import out, print_json, print_table, refusals, say
from puhui.cli.passkey_files import Assertion, one_of, read_credential
from puhui.desk.endings import end_the_ended
from puhui.desk.letter_checks import check_letters
from puhui.desk.letter_signing import signer_with
from puhui.desk.letter_states import (
    Word,
    act_document,
    change_letter,
    decline_letter,
    end_letters,
    expire_letters,
    letter_facts,
    letter_file,
)
from puhui.desk.letters import (
    propose_letter,
    sign_letter,
    stored_letter,
)
from puhui.desk.officers import acting_officer
from puhui.desk.passkeys import act_assertion, decline_assertion
from puhui.model.refusals import Broken
from puhui.wire.keys import Signing, read_private
from puhui.wire.letters import (
    ACT,
    LETTER,
    Evidence,
)

letter_app = typer.Typer(help="授权书 · letters of authorisation", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    letter_drafts.register(letter_app)
    app.add_typer(letter_app, name="letter")


@letter_app.command("propose")
def letter_propose(
    home: Home,
    institution: Institution,
    wording: WordingName,
    by: Officer,
    uscc: Uscc = "",
    ric: Ric = "",
    end_user: EndUser = "",
    months: Months = 36,
    cap: Cap = 0,
    per: Per = "month",
    days: Days = 90,
    keep_days: Keep = 1096,
    by_key: OfficerKey = None,
    as_json: AsJson = False,
) -> None:
    """代机构提出一份待签的授权书 · Propose a letter on behalf of an institution."""
    with refusals(as_json):
        rooms, _ = open_letters(home)
        officer = acting_officer(by, by_key, rooms)
        terms = terms_said(rooms, institution, end_user, wording, months, cap, per, days, keep_days)
        proposed = propose_letter(rooms, terms, identifier_in(uscc, ric), by=officer)
    answer = {"letter": proposed.id, "state": proposed.state.value, "code": proposed.code}
    print_json(answer) if as_json else out.print(
        say(f"已提出 {proposed.id}，代码 {proposed.code}", f"{proposed.id} is proposed, code {proposed.code}")
    )


@letter_app.command("sign")
@spread
def letter_sign(
    home: Home,
    *,
    key: KeyFile = None,
    passkey: Assertion = None,
    drafted: DraftFile = None,
    wish: Wish,
    show: Show = False,
    as_json: AsJson = False,
) -> None:
    """签署授权书：自行发起，或对待签的一份 · Sign a letter, by the subject's own start or one proposed."""
    with refusals(as_json):
        rooms, _ = open_letters(home)
        signing = _signing(key, passkey, DRAFT)
        if signing is None:
            letter = sign_drafted(rooms, drafted, passkey)
        else:
            grantor = wish.grantor()
            signer = signer_with(rooms, signing.verifying(), grantor)
            draft = wish.draft(rooms, signer, grantor, show=show)
            if show:
                out.print(draft.text, markup=False, highlight=False)
                return
            letter = sign_letter(rooms, draft.document, evidence_of(signing, LETTER, draft.document))
    print_json(letter_facts(letter)) if as_json else out.print(
        say(f"已签署 {letter.id}", f"{letter.id} is signed and in force"), highlight=False
    )


@letter_app.command("decline")
def letter_decline(
    home: Home,
    letter: LetterId,
    key: KeyFile = None,
    passkey: Assertion = None,
    uscc: Uscc = "",
    ric: Ric = "",
    as_json: AsJson = False,
) -> None:
    """拒绝一份待签的授权书；机构看不到 · Say no to a proposal; the institution does not see it."""
    with refusals(as_json):
        rooms, _ = open_letters(home)
        signing, grantor = _signing(key, passkey, CHALLENGE), identifier_in(uscc, ric)
        evidence: Evidence
        if signing is None:
            evidence = decline_assertion(rooms, grantor, read_credential(passkey, CHALLENGE))
        else:
            evidence = evidence_of(signing, ACT, act_document(rooms, letter, "declined"))
        decline_letter(rooms, letter, grantor, evidence)
    print_json({"letter": letter}) if as_json else out.print(say("已拒绝", "declined"))


@letter_app.command("pause")
def letter_pause(
    home: Home, letter: LetterId, key: KeyFile = None, passkey: Assertion = None, as_json: AsJson = False
) -> None:
    """暂停，下一次提问即生效 · Pause a letter, from the next question on."""
    _change(home, letter, "paused", key, passkey, as_json)


@letter_app.command("resume")
def letter_resume(
    home: Home, letter: LetterId, key: KeyFile = None, passkey: Assertion = None, as_json: AsJson = False
) -> None:
    """恢复 · Resume a paused letter."""
    _change(home, letter, "resumed", key, passkey, as_json)


@letter_app.command("revoke")
def letter_revoke(
    home: Home, letter: LetterId, key: KeyFile = None, passkey: Assertion = None, as_json: AsJson = False
) -> None:
    """撤回，下一次提问即生效 · Revoke a letter, from the next question on."""
    _change(home, letter, "revoked", key, passkey, as_json)


def _change(home: Path, letter_id: str, word: Word, key: Path | None, passkey: Path | None, as_json: bool) -> None:
    with refusals(as_json):
        rooms, _ = open_letters(home)
        signing = _signing(key, passkey, CHALLENGE)
        evidence: Evidence
        if signing is None:
            evidence = act_assertion(rooms, letter_id, word, read_credential(passkey, CHALLENGE))
        else:
            evidence = evidence_of(signing, ACT, act_document(rooms, letter_id, word))
        letter = change_letter(rooms, letter_id, word, evidence)
    facts = {"letter": letter.id, "state": letter.state.value, "version": letter.version}
    print_json(facts) if as_json else out.print(f"{letter.id} {letter.state}", highlight=False)


def _signing(key: Path | None, passkey: Path | None, challenge: str) -> Signing | None:
    """The key that signs; None: a passkey does. Raises InputRefused for neither, and for both."""
    one_of(key, passkey, challenge)
    return read_private(key, "signer") if key is not None else None


@letter_app.command("show")
def letter_show(
    home: Home,
    letter: LetterId,
    file: Annotated[Path | None, typer.Option("--file", help="导出原文与凭证 · write the letter file")] = None,
    by: Officer = "",
    reason: Annotated[str, typer.Option("--reason", help="事由（导出时必填） · the reason")] = "",
    by_key: OfficerKey = None,
    as_json: AsJson = False,
) -> None:
    """授权书的状态；导出原文须写明经办人和事由 · A letter's state; the file itself needs officer and reason."""
    with refusals(as_json):
        rooms, _ = open_letters(home)
        facts = letter_facts(stored_letter(rooms, letter).letter)
        if file is not None:
            officer = acting_officer(by, by_key, rooms)
            file.write_bytes(letter_file(rooms, letter, by=officer, reason=reason))
    if as_json:
        print_json(facts)
        return
    print_table(letter, ("", ""), [[name, value] for name, value in facts.items()])


@letter_app.command("end")
def letter_end(
    home: Home,
    by: Officer,
    reason: Annotated[str, typer.Option("--reason", help="death | deregistered | licence-revoked | minor | by-law")],
    uscc: Uscc = "",
    ric: Ric = "",
    by_key: OfficerKey = None,
    as_json: AsJson = False,
) -> None:
    """依法终止一个主体的全部授权书 · End all letters of a subject by law."""
    with refusals(as_json):
        rooms, _ = open_letters(home)
        officer = acting_officer(by, by_key, rooms)
        ended = [letter.id for letter in end_letters(rooms, identifier_in(uscc, ric), reason=reason, by=officer)]
    print_json({"ended": ended}) if as_json else out.print(say(f"{len(ended)} 份", f"{len(ended)} letters"))


@letter_app.command("expire")
def letter_expire(home: Home, as_json: AsJson = False) -> None:
    """登记已到期的授权书 · Write down which letters have expired."""
    with refusals(as_json):
        rooms, _ = open_letters(home)
        gone = [letter.id for letter in expire_letters(rooms)]
    print_json({"expired": gone}) if as_json else out.print(say(f"{len(gone)} 份", f"{len(gone)} letters"))


@letter_app.command("sweep")
def letter_sweep(home: Home, as_json: AsJson = False) -> None:
    """终止登记信息显示已死亡、注销、吊销者的授权书 · End the letters of those who are no more, by the register."""
    with refusals(as_json):
        gone = end_the_ended(open_zone(home).desk)
    if as_json:
        print_json({"ended": [asdict(one) for one in gone]})
    else:
        out.print(say(f"{len(gone)} 个主体", f"{len(gone)} subjects"))


@letter_app.command("check")
def letter_check(home: Home, as_json: AsJson = False) -> None:
    """核对全部已签授权书的原文、凭证和状态行 · Hold every letter against what was signed; exit 6: one is not."""
    with refusals(as_json):
        rooms, _ = open_letters(home)
        report = check_letters(rooms)
    if as_json:
        print_json(asdict(report))
    else:
        words = say(f"{report.letters} 份，问题 {len(report.findings)} 处", f"{report.letters} letters")
        out.print(words, highlight=False)
        for finding in report.findings:
            out.print(f"  {finding.letter}: {finding.part}", markup=False, highlight=False)
    raise typer.Exit(Broken.exit_code if report.findings else 0)
