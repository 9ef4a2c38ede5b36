"""`puhui witness …`: the second office's own process, which follows logs and cosigns what is consistent."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from puhui.cli.options import AsJson
from puhui.cli.output import out, print_json, print_table, refusals, say
from puhui.model.refusal import Said
from puhui.model.refusals_question import KeyRefused

witness_app = typer.Typer(help="见证节点 · the witness of logs", no_args_is_help=True)
Folder = Annotated[Path, typer.Argument(metavar="DIR", help="见证节点文件夹 · the witness's folder")]
Name = Annotated[str, typer.Option("--name", help="首次运行时定下的名称 · its name, set at the first time")]


def register(app: typer.Typer) -> None:
    app.add_typer(witness_app, name="witness")


@witness_app.command("serve")
def serve(
    folder: Folder,
    host: Annotated[str, typer.Option("--host", help="监听地址 · address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="端口，0 为任选 · port; 0: any")] = 8766,
    name: Name = "",
    as_json: AsJson = False,
) -> None:
    """运行见证节点，先打印它的验证公钥 · Serve; the verifier key is printed first."""
    from puhui.witness.server import listen, open_witness
    from puhui.witness.server import serve as run

    with refusals(as_json), _key_texts():
        witness = open_witness(folder, name)
        listening = listen(host, port)
    bound = listening.getsockname()[1]
    run(witness, listening, lambda: _ready(witness.signer.verifier.vkey, host, bound, as_json))


def _ready(vkey: str, host: str, port: int, as_json: bool) -> None:
    url = f"http://{host}:{port}"
    if as_json:
        print_json({"serving": "witness", "host": host, "port": port, "url": url, "vkey": vkey})
        sys.stdout.flush()  # whoever started us waits for this line
    else:
        out.print(vkey, soft_wrap=True, highlight=False, markup=False)
        out.print(say(f"见证节点已就绪：{url}", f"The witness answers at {url}"), soft_wrap=True, highlight=False)


@witness_app.command("add-log")
def add_log(
    folder: Folder,
    vkey: Annotated[str, typer.Option("--vkey", help="日志的验证公钥 · the log's verifier key")],
    origin: Annotated[
        str, typer.Option("--origin", help="日志来源行，默认为公钥名称 · its origin; default: the key's name")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """让见证节点跟随一个日志；运行中也立即生效 · Follow a log; acts at once, also while serving."""
    from puhui.wire.notes import ED25519, NoteVerifier
    from puhui.witness.state import State

    with refusals(as_json), _key_texts():
        key = NoteVerifier.parse(vkey)
        origin = origin or key.name
        if "\n" in origin or key.kind != ED25519:
            raise ValueError("an origin is one line, and a log's key signs notes")
        State(folder).add_log(origin, key)
    if as_json:
        print_json({"origin": origin, "vkey": vkey})
    else:
        out.print(say(f"已跟随日志 {origin}", f"The witness follows {origin}"), highlight=False, markup=False)


@witness_app.command("key")
def key(folder: Folder, name: Name = "", as_json: AsJson = False) -> None:
    """打印见证节点的验证公钥；没有密钥则先生成 · Print the verifier key; made if there is none."""
    from puhui.witness.server import open_witness

    with refusals(as_json), _key_texts():
        vkey = open_witness(folder, name).signer.verifier.vkey
    if as_json:
        print_json({"vkey": vkey})
    else:
        out.print(vkey, soft_wrap=True, highlight=False, markup=False)


@witness_app.command("logs")
def logs(
    folder: Annotated[Path, typer.Argument(metavar="DIR", exists=True, file_okay=False)], as_json: AsJson = False
) -> None:
    """列出所跟随的日志、已见证的大小和发现的分叉 · The logs, the sizes that were cosigned, forks that were seen."""
    from puhui.witness.state import State

    known = State(folder).known()
    if as_json:
        print_json([{"origin": k.origin, "vkeys": k.vkeys, "size": k.size, "forks": k.forks} for k in known])
    else:
        heads = [say("来源", "origin"), say("大小", "size"), say("分叉", "forks")]
        rows = [(log.origin, log.size, ", ".join(map(str, log.forks))) for log in known]
        print_table(say("见证的日志", "Logs that are witnessed"), heads, rows)


@contextmanager
def _key_texts() -> Iterator[None]:
    """A key, name or origin that has another form is the operator's to mend."""
    try:
        yield
    except ValueError as error:
        raise KeyRefused(
            Said("名称、来源行或验证公钥的格式不符", f"name, origin or verifier key has another form: {error}"),
            todo=Said("核对参数：验证公钥形如 名称+编号+base64", "check them; a verifier key is name+id+base64"),
        ) from error
