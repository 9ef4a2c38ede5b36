"""A PostgreSQL table pulled as a delivery, from a server of the test's own."""

from __future__ import annotations

import getpass
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from puhui.adapters.files_csv import read_sql
from puhui.adapters.tables_duckdb import DuckTables
from puhui.intake.formats import FileKind
from puhui.model.refusals import NotAllowed, ParcelUnreadable

psycopg = pytest.importorskip("psycopg", reason="the extra `postgresql` is not installed")
from puhui.adapters.postgres_table import Pull, Pulled, pull_table  # noqa: E402

PULL = Pull("firms", order_by=["id"], watermark="changed")
DDL = """
CREATE TABLE firms (
  id bigint PRIMARY KEY, "名称" text, capital numeric(18,2), est date, changed timestamptz, ok boolean
);
INSERT INTO firms VALUES
  (2, E'乙\n厂, "二"', 1.50, '2020-02-29', '2026-01-02 08:00:00+08', false),
  (1, '甲公司', 1000000000000000.10, NULL, '2026-01-01 00:00:00+00', true);
"""


def binaries() -> Path | None:
    found = shutil.which("initdb")
    if found:
        return Path(found).parent
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return installed[-1].parent if installed else None


def as_server(*command: str) -> None:
    """Servers refuse to run as root: take their own account then."""
    if getpass.getuser() == "root":
        account = pwd.getpwnam("postgres")
        subprocess.run(command, check=True, capture_output=True, user=account.pw_uid, group=account.pw_gid, cwd="/")
    else:
        subprocess.run(command, check=True, capture_output=True)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    bin_folder = binaries()
    if bin_folder is None:
        pytest.skip("no PostgreSQL server is installed (initdb)")
    folder = Path(tempfile.mkdtemp(prefix="puhui-pg-"))
    if getpass.getuser() == "root":
        try:
            account = pwd.getpwnam("postgres")
        except KeyError:
            pytest.skip("running as root, and there is no account postgres to run a server as")
        os.chown(folder, account.pw_uid, account.pw_gid)
    data, log = str(folder / "data"), str(folder / "log")
    as_server(str(bin_folder / "initdb"), "-D", data, "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C")
    options = f"-c listen_addresses= -c unix_socket_directories={folder} -c fsync=off"
    as_server(str(bin_folder / "pg_ctl"), "-D", data, "-l", log, "-o", options, "-w", "start")
    conninfo = f"host={folder} dbname=postgres user=postgres"
    try:
        with psycopg.connect(conninfo, autocommit=True) as connection:
            connection.execute(DDL)
        yield conninfo
    finally:
        as_server(str(bin_folder / "pg_ctl"), "-D", data, "-m", "immediate", "-w", "stop")
        shutil.rmtree(folder, ignore_errors=True)


def texts(pulled: Pulled, workdir: Path) -> list[tuple[object, ...]]:
    tables = DuckTables(workdir)
    names = ", ".join(f'"{name}"' for name in pulled.records.columns)
    rows = tables.rows(f"SELECT {names} FROM {read_sql(pulled.records)}")
    tables.close()
    return rows


def test_a_table_comes_as_exact_text_in_one_order(server: str, tmp_path: Path) -> None:
    pulled = pull_table(server, PULL, tmp_path)
    assert pulled.records.kind is FileKind.TABLE
    assert (pulled.records.lines, pulled.records.header[1]) == (2, "名称")
    assert texts(pulled, tmp_path) == [
        ("1", "甲公司", "1000000000000000.10", None, "2026-01-01 08:00:00+08", "t"),
        ("2", '乙\n厂, "二"', "1.50", "2020-02-29", "2026-01-02 08:00:00+08", "f"),
    ]
    (tmp_path / "again").mkdir()
    assert pull_table(server, PULL, tmp_path / "again").records.digest == pulled.records.digest


def test_an_increment_starts_behind_the_last_watermark(server: str, tmp_path: Path) -> None:
    first = pull_table(server, PULL, tmp_path)
    pull = Pull("firms", order_by=["id"], columns=["id"], watermark="changed", after="2026-01-01 12:00:00+08")
    (tmp_path / "b").mkdir()
    assert texts(pull_table(server, pull, tmp_path / "b"), tmp_path) == [("2",)]
    (tmp_path / "c").mkdir()
    nothing = Pull("firms", order_by=["id"], columns=["id"], watermark="changed", after=first.watermark)
    last = pull_table(server, nothing, tmp_path / "c")
    assert (last.records.lines, last.watermark) == (0, first.watermark)


def test_names_are_quoted_and_never_run(server: str, tmp_path: Path) -> None:
    with pytest.raises(ParcelUnreadable) as refused:
        pull_table(server, Pull('firms"; DROP TABLE firms; --', order_by=["id"]), tmp_path)
    assert refused.value.where == "42P01"
    assert pull_table(server, PULL, tmp_path).records.lines == 2


def test_a_password_is_no_argument_and_an_error_tells_nothing(tmp_path: Path) -> None:
    with pytest.raises(NotAllowed) as refused:
        pull_table("host=/nowhere password=secret-word", PULL, tmp_path)
    assert "secret-word" not in str(refused.value.as_dict())
    with pytest.raises(ParcelUnreadable) as unreachable:
        pull_table(f"host={tmp_path} dbname=postgres user=somebody", PULL, tmp_path)
    assert "somebody" not in str(unreachable.value.as_dict())
