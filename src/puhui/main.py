"""The processes: `puhui …` with what serves on the network (`puhui serve`, `puhui witness serve`)."""

from __future__ import annotations

import gc
import logging
import signal
import sys
from functools import partial
from typing import Annotated

import structlog
import typer

from puhui.cli import witness
from puhui.cli.main import app
from puhui.cli.options import AsJson, Home
from puhui.cli.output import out, print_json, refusals, say
from puhui.model.refusal import Said
from puhui.model.refusals_question import LogBroken

__all__ = ("app",)

witness.register(app)

Host = Annotated[str, typer.Option("--host", help="监听地址 · address to listen on")]
Port = Annotated[int, typer.Option("--port", min=0, max=65535, help="端口，0 为任选 · port; 0: any")]
Authority = Annotated[
    str,
    typer.Option(
        "--authority",
        help="对外名称，提问时签入，如 zone.example:8765 · the name that requests sign; default HOST:PORT",
    ),
]


SWITCH = 0.001  # seconds: the log's thread asks for the interpreter some twenty times a batch, and all wait for it
COLLECT = (50_000, 20, 50)  # objects between collections: an answer makes hundreds, and all die by their counts


@app.command()
def serve(
    home: Home, host: Host = "127.0.0.1", port: Port = 8765, authority: Authority = "", as_json: AsJson = False
) -> None:
    """专区对外服务：回答机构的问题 · Serve the zone: answer the questions of institutions."""
    from puhui.api.app import App
    from puhui.api.routes import Routes
    from puhui.api.server import listen, run
    from puhui.bootstrap import open_zone
    from puhui.bootstrap.questions import open_questions

    _log_to_stderr()
    with refusals(as_json):
        listening = listen(host, port)
        taken = listening.getsockname()[1]
        with open_questions(open_zone(home)) as questions:
            routes = Routes(questions.rooms, questions.files, questions.letters, questions.monitors)
            interface = App(routes, authority or f"{host}:{taken}")
            gc.freeze()  # packs and products stay for good: to look through them again and again would hold answers up
            gc.set_threshold(*COLLECT)
            sys.setswitchinterval(SWITCH)
            log = questions.rooms.log
            ready = partial(_ready, "zone", host, taken, as_json)
            signal.signal(signal.SIGTERM, _ends_by_itself)
            try:
                run(interface, listening, ready, lambda: log.alive, interface.cut_off)
            finally:
                gc.unfreeze()  # what is left of libraries goes in their own order when the process ends
            if not log.alive:
                raise LogBroken(
                    Said("日志停止写入，服务已结束", "the log stopped being written, so serving ended"),
                    todo=Said("看错误输出，排除原因后重新启动", "see standard error, mend the cause, start again"),
                )


def _ends_by_itself(*signalled: object) -> None:
    """The server, which ends on SIGTERM, raises it once more when it has: to die of that would leave undone what is
    done when serving ends.
    """


def _ready(what: str, host: str, port: int, as_json: bool) -> None:
    """Tells that connections are taken; the line is flushed, for whoever waits for it."""
    if as_json:
        print_json({"serving": what, "host": host, "port": port})
    else:
        out.print(say(f"已在 http://{host}:{port} 提供服务", f"Serving on http://{host}:{port}"))
    sys.stdout.flush()


def _log_to_stderr() -> None:
    """Logs are JSON lines on standard error. They carry codes, counts and tokens; never an identifier or a body."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
