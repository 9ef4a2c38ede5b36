"""A supplier's PostgreSQL table as a delivery: one read-only, repeatable-read transaction, streamed by COPY.

The rows are written as UTF-8 CSV, in the order of `order_by`, so that the same rows always have the same
digest, and then opened like any delivered file. The password comes from PGPASSFILE or PGPASSWORD and is never
an argument; no refusal repeats what the server said, for a message may hold values of rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from puhui.adapters.files_csv import open_csv
from puhui.adapters.files_refused import unreadable
from puhui.intake.formats import FileKind, Records
from puhui.model.refusal import Said
from puhui.model.refusals import NotAllowed, ParcelUnreadable

CONNECT_SECONDS = 10
_SETTINGS = (
    "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY",
    "SET LOCAL datestyle = 'ISO, YMD'",
    "SET LOCAL intervalstyle = 'iso_8601'",
    "SET LOCAL timezone = 'Asia/Shanghai'",
    "SET LOCAL extra_float_digits = 1",
    "SET LOCAL bytea_output = 'hex'",
    "SET LOCAL client_encoding = 'UTF8'",
)


@dataclass(frozen=True, slots=True)
class Pull:
    """What to pull. `columns` empty: all. `watermark` and `after`: only rows whose column is beyond the value."""

    table: str
    order_by: Sequence[str]  # columns that give the rows one order, usually the key
    schema: str = "public"
    columns: Sequence[str] = ()
    watermark: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class Pulled:
    """The rows pulled, and the greatest watermark among them: `after` of the next increment ("": none)."""

    records: Records
    watermark: str


def pull_table(conninfo: str, pull: Pull, workdir: Path) -> Pulled:
    """Pull a table or its increment. Raises ParcelUnreadable, and NotAllowed for a password in `conninfo`."""
    _refuse_password(conninfo)
    target = workdir / "pulled.csv"
    try:
        with psycopg.connect(conninfo, connect_timeout=CONNECT_SECONDS, autocommit=False) as connection:
            for setting in _SETTINGS:
                connection.execute(setting)
            _copy(connection, pull, target)
            watermark = _newest(connection, pull)
            connection.rollback()
    except psycopg.Error as error:
        raise _refused(error) from None
    return Pulled(replace(open_csv(target, workdir), kind=FileKind.TABLE), watermark)


def _refuse_password(conninfo: str) -> None:
    try:
        stated = conninfo_to_dict(conninfo)
    except psycopg.ProgrammingError:
        raise unreadable(
            "数据库连接信息格式不正确",
            "the connection information is not well formed",
            todo_zh="写成 host=… dbname=… user=…",
            todo_en="write it as host=… dbname=… user=…",
        ) from None
    if "password" in stated:
        raise NotAllowed(
            Said("连接信息中不得含口令", "the connection information must not hold a password"),
            todo=Said("把口令放入 PGPASSFILE 所指文件", "put the password into the file that PGPASSFILE names"),
        )


def _copy(connection: psycopg.Connection[tuple[object, ...]], pull: Pull, target: Path) -> None:
    statement = sql.SQL("COPY ({}) TO STDOUT (FORMAT csv, HEADER true, FORCE_QUOTE *)").format(_select(pull))
    with connection.cursor() as cursor, cursor.copy(statement) as rows, target.open("wb") as sink:
        for part in rows:
            sink.write(part)


def _select(pull: Pull) -> sql.Composed:
    columns: sql.Composable = sql.SQL("*")
    if pull.columns:
        columns = sql.SQL(", ").join(map(sql.Identifier, pull.columns))
    order = sql.SQL(", ").join(map(sql.Identifier, pull.order_by))
    return sql.SQL("SELECT {} FROM {}{} ORDER BY {}").format(columns, _table(pull), _where(pull), order)


def _table(pull: Pull) -> sql.Identifier:
    return sql.Identifier(pull.schema, pull.table)


def _where(pull: Pull) -> sql.Composable:
    if not (pull.watermark and pull.after):
        return sql.SQL("")
    return sql.SQL(" WHERE {} > {}").format(sql.Identifier(pull.watermark), sql.Literal(pull.after))


def _newest(connection: psycopg.Connection[tuple[object, ...]], pull: Pull) -> str:
    """Read in the same transaction, so that no row between the two statements is ever passed over."""
    if not pull.watermark:
        return ""
    statement = sql.SQL("SELECT max({})::text FROM {}{}").format(
        sql.Identifier(pull.watermark), _table(pull), _where(pull)
    )
    row = connection.execute(statement).fetchone()
    return str(row[0]) if row and row[0] is not None else pull.after


def _refused(error: psycopg.Error) -> ParcelUnreadable:
    return unreadable(
        "无法从数据库读取该表",
        "the table cannot be read from the database",
        todo_zh="检查地址、账号的只读权限、表名和列名",
        todo_en="check address, the account's right to read, table and columns",
        where=error.sqlstate or type(error).__name__,
    )
