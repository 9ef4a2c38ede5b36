"""What browsers give, in files: the JSON form of a registration or an assertion of the WebAuthn API."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from puhui.model.refusal import Said
from puhui.model.refusals_question import InputRefused

Assertion = Annotated[
    Path | None, typer.Option("--passkey", help="浏览器返回的通行密钥签署结果（JSON） · what the browser gave: JSON")
]


def one_of(key: Path | None, passkey: Path | None, challenge: str) -> None:
    """A key or a passkey signs. Raises InputRefused for neither, and for both."""
    if (key is None) == (passkey is None):
        raise input_refused(
            "须且只须给出 --key 或 --passkey", "exactly one of --key and --passkey is needed", challenge
        )


def read_credential(file: Path | None, challenge: str) -> dict[str, object]:
    """`PublicKeyCredential.toJSON()`, whatever it holds. `challenge`: the command that prints the options for it.

    Raises InputRefused.
    """
    try:
        read = json.loads(file.read_bytes()) if file is not None else None
    except (OSError, ValueError):
        read = None
    if not isinstance(read, dict):
        raise input_refused(
            "--passkey 不是浏览器返回结果的 JSON 文件", "--passkey is no JSON file of what a browser gave", challenge
        )
    return read


def input_refused(zh: str, en: str, challenge: str) -> InputRefused:
    """What was given is not what the command needs; `challenge` is the command that leads there."""
    todo = Said(f"先用 {challenge} 取得参数", f"get the options by `{challenge}` first")
    return InputRefused(Said(zh, en), todo=todo)
