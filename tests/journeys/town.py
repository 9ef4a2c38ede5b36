"""A zone as its officers and agencies use it: by the command line, and nothing else."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import shutil
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from typer.testing import CliRunner

SMALL = Path(__file__).parent / "small"
FIRMS = ("统一社会信用代码", "企业名称", "联系电话", "成立日期", "注册资本", "登记状态")
PAYMENTS = ("统一社会信用代码", "税种", "入库日期", "实缴金额")
CHANGES = ("操作", *PAYMENTS)
RATINGS = ("统一社会信用代码", "分值")
JUDGMENTS = ("当事人", "案号", "标的")
INSURED = ("公民身份号码", "姓名", "费款所属期", "参保单位", "缴费基数")
OFFICER = ("--by", "officer-a", "--reason", "checking a complaint")

Row = Sequence[object]


class Refused(AssertionError):
    """The command answered no; `answer` is what `--json` printed."""

    def __init__(self, answer: Mapping[str, Any], exit_code: int) -> None:
        super().__init__(f"{answer.get('refused')} {answer.get('message')}")
        self.answer, self.exit_code = answer, exit_code
        self.code = str(answer.get("refused"))


@dataclass
class Town:
    """The home of a zone of the pack `small`, and commands over it."""

    home: Path
    heard: list[str] = field(default_factory=list)  # all that the commands printed

    @classmethod
    def copy_of(cls, home: Path, to: Path) -> Town:
        shutil.copytree(home, to, symlinks=True)
        return cls(to)

    def run(self, *arguments: object, text: str | None = None) -> Any:
        """Run a command with `--json`; its answer. Raises Refused; a fault of ours keeps its traceback."""
        from puhui.cli.main import app  # only the tests that need the whole house pay for it

        done = CliRunner().invoke(app, [*map(str, arguments), "--json"], input=text)
        self.heard += [done.stdout, done.stderr]
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        answer = json.loads(done.stdout.splitlines()[-1]) if done.stdout.strip() else {"refused": done.stderr}
        if done.exit_code:
            raise Refused(answer, done.exit_code)
        return answer

    def file(self, name: str, header: Row, rows: Sequence[Row]) -> Path:
        """A CSV file beside the home, as an agency would send it."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\r\n")
        writer.writerows([header, *rows])
        path = self.home.parent / name
        path.write_text(out.getvalue(), encoding="utf-8", newline="")
        return path

    def deliver(self, resource: str, header: Row, rows: Sequence[Row], *options: object, name: str = "") -> Any:
        path = self.file(name or f"{resource}.csv", header, rows)
        return self.run("deliver", self.home, resource, path, *options)

    def firms(self, *rows: Row) -> Any:
        return self.deliver("firms", FIRMS, rows)

    def paid(self, period: str, *rows: Row) -> Any:
        """A month's payments; rows are (serial, item, day, amount)."""
        listed = [(uscc(int(str(serial))), *rest) for serial, *rest in rows]
        return self.deliver("payments", PAYMENTS, listed, *(("--period", period) if period else ()))

    def year_paid(self, *serials: int, but: str = "") -> None:
        """Twelve months to 2026-06, 100 a month each."""
        for month in MONTHS:
            if month != but:
                self.paid(month, *((serial, "vat", f"{month}-15", 100) for serial in serials))

    def snapshot(self, *options: object, as_of: str = "2026-06-30") -> Any:
        return self.run("snapshot", "build", self.home, "--as-of", as_of, *options)

    def figures(self, serial: int, *options: object) -> dict[str, Any]:
        """Indicator → value, or `unknown(reason n/m)`, of the firm with this serial."""
        answer = self.run("figures", self.home, "--uscc", uscc(serial), *OFFICER, *options)
        return {name: shown(figure) for name, figure in answer["figures"].items()}

    def editions(self, resource: str = "") -> Any:
        return self.run("editions", self.home, *([resource] if resource else []))

    def events(self, kind: str = "") -> Any:
        return self.run("events", self.home, *(["--kind", kind] if kind else []))

    def rows(self, resource: str, edition: int | None = None) -> list[dict[str, Any]]:
        """The rows of an edition, read by the stock library."""
        from deltalake import DeltaTable

        listed = self.editions(resource)
        if not listed:
            return []
        version = next(e["version"] for e in reversed(listed) if edition in (None, e["edition"]))
        table = DeltaTable(str(self.home / "lake" / "business" / resource), version=version)
        return [row for uri in sorted(table.file_uris()) for row in pq.ParquetFile(uri).read().to_pylist()]

    def token(self, serial: int) -> str:
        return str(self.run("figures", self.home, "--uscc", uscc(serial), *OFFICER)["subject"])

    def approve(self, proposal: Mapping[str, Any], by: str = "officer-b") -> Any:
        return self.run("approve", self.home, proposal["proposal"], "--by", by)

    def new_pack(self) -> Path:
        """A copy of the pack `small` beside the home, to be changed."""
        folder = self.home.parent / "next" / "small"
        return folder if folder.exists() else shutil.copytree(SMALL, folder)

    def activate(self, *folders: Path) -> Any:
        """Propose and approve: the home uses these packs (without any: the changed copy of `small`)."""
        chosen = folders or (self.new_pack(),)
        return self.approve(self.run("pack", "activate", self.home, *chosen, *OFFICER))

    def files(self, *parts: str) -> dict[str, bytes]:
        """Every file below a part of the home, with its bytes."""
        base = self.home.joinpath(*parts)
        return {str(p.relative_to(base)): p.read_bytes() for p in sorted(base.rglob("*")) if p.is_file()}

    def tree(self, *parts: str) -> dict[str, str]:
        """Every file below a part of the home, with the digest of its bytes."""
        return {name: hashlib.sha256(data).hexdigest() for name, data in self.files(*parts).items()}

    def vault_rows(self) -> list[str]:
        """All that the vault holds, sealed as it is."""
        with closing(sqlite3.connect(f"file:{self.home}/vault/vault.db?mode=ro", uri=True)) as db:
            return list(db.iterdump())


MONTHS = [f"2025-{month:02}" for month in range(7, 13)] + [f"2026-{month:02}" for month in range(1, 7)]
_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def shown(figure: Mapping[str, Any]) -> Any:
    if figure["known"]:
        return figure["value"]
    months = " {}/{}".format(*figure["coverage"]) if figure["coverage"] else ""
    return f"unknown({figure['reason']}{months if figure['reason'] == 'incomplete' else ''})"


def uscc(serial: int, head: str = "91", area: str = "360502") -> str:
    """A credit code with right check characters (GB 32100, GB 11714); the area is the district of the town."""
    org = f"MA{serial:06d}"
    weights = (3, 7, 9, 10, 5, 8, 4, 2)
    values = [ord(c) - ord("0") if c.isdigit() else ord(c) - ord("A") + 10 for c in org]
    rest = (11 - sum(v * w for v, w in zip(values, weights, strict=True)) % 11) % 11
    body = head + area + org + ("X" if rest == 10 else str(rest))
    total = sum(_ALPHABET.index(c) * pow(3, i, 31) for i, c in enumerate(body))
    return body + _ALPHABET[(31 - total % 31) % 31]


def ric(serial: int, birth: str = "19800101", area: str = "360502") -> str:
    """A citizen number with its check character (GB 11643)."""
    body = f"{area}{birth}{serial:03d}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(int(c) * w for c, w in zip(body, weights, strict=True))
    return body + "10X98765432"[total % 11]


def firm(serial: int, name: str = "", **more: object) -> tuple[object, ...]:
    """A row of the register."""
    values = {"phone": "16000000000", "est": "2015-03-01", "capital": "100", "state": "存续", **more}
    called = name or f"新余市甲{serial}号贸易有限公司"
    return (uscc(serial), called, values["phone"], values["est"], values["capital"], values["state"])
