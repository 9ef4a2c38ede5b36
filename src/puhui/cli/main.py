"""The command line: one typer app, a file per subject of work."""

from __future__ import annotations

import typer

from puhui import __version__
from puhui.cli import (
    backups,
    bases,
    city,
    contracts,
    delivery,
    demo,
    desk,
    institutions,
    keys,
    ledger,
    letters,
    objections,
    packs,
    proofs,
    security,
    signers,
    snapshots,
    tables,
    verify,
)

app = typer.Typer(
    name="puhui",
    help="普惠：让城市公共数据在主体授权下回答银行的问题 · A city's public data answers a bank's question.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,  # locals may hold personal data
    add_completion=False,
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"puhui {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="版本 · version"),
) -> None:
    """Options of every command."""


delivery.register(app)
snapshots.register(app)
tables.register(app)
desk.register(app)
institutions.register(app)
keys.register(app)
contracts.register(app)
signers.register(app)
letters.register(app)
bases.register(app)
objections.register(app)
ledger.register(app)
packs.register(app)
verify.register(app)
proofs.register(app)
security.register(app)
backups.register(app)
city.register(app)
demo.register(app)
