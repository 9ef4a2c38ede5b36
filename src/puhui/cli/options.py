"""Arguments and options that many commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Home = Annotated[Path, typer.Argument(help="专区文件夹 · the zone's home folder")]
AsJson = Annotated[bool, typer.Option("--json", help="输出 JSON · print JSON")]
By = Annotated[str, typer.Option("--by", help="经办人 · the officer who acts")]
Key = Annotated[Path | None, typer.Option("--key", help="经办人私钥文件 · the officer's key file")]
Reason = Annotated[str, typer.Option("--reason", help="事由 · the reason")]
MaybeBy = Annotated[str, typer.Option("--by", help="经办人；不写时由私钥认定 · the officer; else told by the key")]
KeyFile = Annotated[Path | None, typer.Option("--key-file", help="经办人私钥文件 · the officer's key file")]
Why = Annotated[str, typer.Option("--reason", help="事由 · the reason")]
