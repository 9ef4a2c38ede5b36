"""Arguments and options of letters, signers and other bases, and how they are read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from puhui.desk.letter_rooms import LetterRooms
from puhui.desk.officers import acting_officer
from puhui.model.subject import Identifier
from puhui.wire.keys import Signing
from puhui.wire.letters import KeyEvidence, digest_of, message_of, text_of

Uscc = Annotated[str, typer.Option("--uscc", help="统一社会信用代码；- 从标准输入读 · - reads stdin")]
Ric = Annotated[str, typer.Option("--ric", help="身份证号；- 从标准输入读 · - reads stdin")]
KeyFile = Annotated[Path | None, typer.Option("--key", help="签署人私钥文件 · the signer's key file")]
Officer = Annotated[str, typer.Option("--by", help="经办人 · the officer who acts")]
OfficerKey = Annotated[Path | None, typer.Option("--key-file", help="经办人私钥文件 · the officer's key file")]
Institution = Annotated[str, typer.Option("--institution", help="机构 · the institution")]
Months = Annotated[int, typer.Option("--months", help="数据范围（月） · how far back data may go")]
Per = Annotated[str, typer.Option("--per", help="周期 letter|month|year · window")]
Days = Annotated[int, typer.Option("--days", help="有效天数 · days in force")]
Keep = Annotated[int, typer.Option("--keep-days", help="结果保存天数 · days an answer may be kept")]
Second = Annotated[str, typer.Option("--second", help="第二位经办人 · the second officer")]
SecondKey = Annotated[Path | None, typer.Option("--second-key-file", help="其私钥文件 · the own key file")]


def officers_acting(rooms: LetterRooms, *said: tuple[str, Path | None]) -> list[str]:
    """The officers by name and key file; the first has to be there, others where they are named."""
    return [acting_officer(name, key, rooms) for at, (name, key) in enumerate(said) if name or not at]


def evidence_of(signing: Signing, domain: str, document: bytes) -> KeyEvidence:
    """A key's signature over a document, as evidence."""
    public = signing.verifying()
    signature = signing.sign(message_of(domain, digest_of(document)))
    return KeyEvidence(v=1, algorithm=public.algorithm, public=text_of(public.public), signature=text_of(signature))


def identifier_in(uscc: str, ric: str) -> Identifier:
    """The one identifier that was given; `-` reads it from standard input."""
    return Identifier("uscc", given(uscc)) if uscc else Identifier("ric", given(ric))


def given(value: str) -> str:
    """The value, or the next line of standard input where it is `-`."""
    return typer.get_text_stream("stdin").readline().strip() if value == "-" else value
