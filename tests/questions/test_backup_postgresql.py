"""Backup and restore of a zone whose tables are in PostgreSQL."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from puhui.bootstrap import Zone, open_zone
from puhui.bootstrap.questions import back_up, restore_zone, trust_file, zone_log
from puhui.model.refusals import HomeRefused
from puhui.wire.verify import verify_answer

from ..contract.test_files_postgres import server  # noqa: F401  the fixture
from .asking import Asker, answer_file, ask
from .town import FIRM, made, office

psycopg = pytest.importorskip("psycopg", reason="the extra `postgresql` is not installed")
if shutil.which("pg_dump") is None or shutil.which("pg_restore") is None:
    pytest.skip("PostgreSQL's client programs are not installed", allow_module_level=True)


def empty_database(server: str, name: str) -> str:  # noqa: F811
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name}")
        connection.execute(f"CREATE DATABASE {name}")
        return f"postgresql://{connection.info.user}@/{name}?host={connection.info.host}"


def officer(zone: Zone) -> str:
    return "nobody-is-registered"


def test_tables_in_postgresql_come_back(server: str, tmp_path: Path) -> None:  # noqa: F811
    home, backup, keys = tmp_path / "home", tmp_path / "backup", tmp_path / "keys"
    made(home, empty_database(server, "zone_live"))
    with office(home) as before:
        question = Asker(before).question(FIRM)
        (reply,) = ask(before, question)
        assert reply.status == 200, reply.body
        old = answer_file(question, reply)
    shutil.rmtree(home / "officers")  # the town's are of security only
    told = back_up(open_zone(home), backup, keys, by="chen")
    assert (backup / "records.dump").stat().st_size > 0 and not (backup / "records.db").exists()
    with office(home) as after:
        after.clock.pass_by(minutes=1)
        after.change("firm", "revoked")
    shutil.copytree(home / "vault", tmp_path / "journals", ignore=shutil.ignore_patterns("vault.db*"))
    shutil.rmtree(home)
    given = {"keys": keys, "journals": tmp_path / "journals", "reason": "the disk is broken"}
    with pytest.raises(HomeRefused, match="pg_restore"):  # the old database is not empty
        restore_zone(backup, home, officer, **given)
    assert not home.exists()
    done = restore_zone(backup, home, officer, **given, database=empty_database(server, "zone_again"))
    assert done["stops_replayed"] == 1 and done["size"] >= int(str(told["size"]))
    zone = open_zone(home)
    assert "zone_again" in zone.settings.database
    assert zone_log(zone).check(records=True).findings == []
    assert verify_answer(old, trust_file(zone), datetime.now(UTC) + timedelta(days=1)).valid
    with office(home) as again:
        again.clock.pass_by(minutes=2)
        (reply,) = ask(again, Asker(again).question(FIRM))
        assert reply.status != 200
