"""Arguments and options that many commands share, and groups of them: a dataclass whose fields are options.

Where a command takes such a group, `spread` puts the group's options on the command line, in its place and order.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, is_dataclass
from functools import wraps
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

Home = Annotated[Path, typer.Argument(help="专区文件夹 · the zone's home folder")]
AsJson = Annotated[bool, typer.Option("--json", help="输出 JSON · print JSON")]
By = Annotated[str, typer.Option("--by", help="经办人 · the officer who acts")]
Key = Annotated[Path | None, typer.Option("--key", help="经办人私钥文件 · the officer's key file")]
Reason = Annotated[str, typer.Option("--reason", help="事由 · the reason")]
MaybeBy = Annotated[str, typer.Option("--by", help="经办人；不写时由私钥认定 · the officer; else told by the key")]
KeyFile = Annotated[Path | None, typer.Option("--key-file", help="经办人私钥文件 · the officer's key file")]
Why = Annotated[str, typer.Option("--reason", help="事由 · the reason")]


def spread(command: Callable[..., None]) -> Callable[..., None]:
    """The command with the options of its groups in place of the groups."""
    hints = get_type_hints(command, include_extras=True)
    groups = {name: kind for name, kind in hints.items() if is_dataclass(kind) and isinstance(kind, type)}
    shown: list[Parameter] = []
    for one in signature(command).parameters.values():
        group = groups.get(one.name)
        shown += _options(group) if group else [_keyword(one.name, hints[one.name], one.default)]

    @wraps(command)
    def run(**given: Any) -> None:
        for name, group in groups.items():
            given[name] = group(**{one.name: given.pop(one.name) for one in fields(group)})
        command(**given)

    run.__annotations__ = {one.name: one.annotation for one in shown}
    vars(run)["__signature__"] = Signature(shown)
    return run


def _options(group: type[Any]) -> list[Parameter]:
    hints = get_type_hints(group, include_extras=True)
    return [_keyword(one.name, hints[one.name], getattr(group, one.name, Parameter.empty)) for one in fields(group)]


def _keyword(name: str, annotation: Any, default: Any) -> Parameter:
    """By keyword, so that what is required may stand behind what is not."""
    return Parameter(name, Parameter.KEYWORD_ONLY, annotation=annotation, default=default)
