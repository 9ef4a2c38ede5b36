"""The tables of a zone on PostgreSQL, dumped and restored by PostgreSQL's own programs, without a shell.

Promises: a dump is one snapshot of the database; a restore takes an empty database only, in one transaction. A password
comes from PGPASSFILE, and what the programs say is not repeated.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from puhui.adapters.backup_manifest import Listed, copy_file
from puhui.adapters.django_setup import postgresql_parts
from puhui.model.refusal import Said
from puhui.model.refusals import HomeRefused

DUMP = "records.dump"


def dump_postgresql(url: str, target: Path) -> Listed:
    """`pg_dump` in its custom format."""
    draft = target.with_name(f"{target.name}.draft")
    _run("pg_dump", "--format=custom", "--no-owner", f"--file={draft}", f"--dbname={_address(url)}")
    listed = copy_file(draft, target, target.name, 0o600)
    draft.unlink()
    return listed


def restore_postgresql(url: str, dump: Path) -> None:
    """`pg_restore` into a database that has no table of ours; whatever fails leaves it as it was."""
    _run("pg_restore", "--no-owner", "--exit-on-error", "--single-transaction", f"--dbname={_address(url)}", str(dump))


def _address(url: str) -> str:
    """The address without a password, as libpq reads it."""
    parts: dict[str, Any] = postgresql_parts(url)
    more = {name: parts[key] for name, key in (("host", "HOST"), ("port", "PORT"), ("user", "USER")) if parts[key]}
    return f"postgresql:///{quote(parts['NAME'])}?{urlencode(more)}"


def _run(program: str, *arguments: str) -> None:
    found = shutil.which(program)
    done = subprocess.run([found, *arguments], capture_output=True, check=False) if found else None
    if done is None or done.returncode:
        raise HomeRefused(
            Said(f"{program} 未能完成", f"{program} is not installed here, or did not do it"),
            todo=Said(
                "安装与服务器同版本的 PostgreSQL 客户端；恢复用的数据库须是空的；口令由 PGPASSFILE 给出",
                "install PostgreSQL's client programs of the server's version; a restore needs an empty database;"
                " the password comes from PGPASSFILE",
            ),
        )
