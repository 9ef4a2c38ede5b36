"""PostgreSQL on both ends: a supplier's table that is pulled, and the zone's own tables in production's database."""

from __future__ import annotations

from pathlib import Path

import pytest

from puhui.bootstrap import init_zone, open_zone, parcel_of, pull_parcel, shipped_packs
from puhui.intake.take import take

from ..contract.test_files_postgres import server  # noqa: F401  the fixture

psycopg = pytest.importorskip("psycopg", reason="the extra `postgresql` is not installed")
FIRMS = """
CREATE TABLE firms (uscc text, ent_name text, est_date date, op_from date);
INSERT INTO firms VALUES
  ('91350100M000100Y43', '甲有限公司', '2020-01-02', '2026-01-01'),
  ('91350100M000100Y44', '坏码有限公司', '2020-01-02', '2026-01-01');
"""


def test_a_table_is_pulled_and_then_its_increment(server: str, tmp_path: Path) -> None:  # noqa: F811
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS firms")
        connection.execute(FIRMS)
    zone = init_zone(tmp_path / "home", [shipped_packs() / "base"])
    first = pull_parcel(zone, "SCJ-01", server, "firms", ["uscc"], "op_from")
    assert (first["lines"], first["accepted"], first["set_aside"]) == (2, 1, 1)
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("UPDATE firms SET est_date = '2021-01-02', op_from = '2026-02-01' WHERE ent_name LIKE '甲%'")
    second = pull_parcel(zone, "SCJ-01", server, "firms", ["uscc"], "op_from")
    assert (second["lines"], second["accepted"], second["edition"]) == (1, 1, 2)
    assert zone.register.editions("enterprise_registration")[-1].rows == 1


def test_the_zones_tables_may_stand_in_postgresql(server: str, tmp_path: Path) -> None:  # noqa: F811
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS zone")
        connection.execute("CREATE DATABASE zone")
        url = f"postgresql://{connection.info.user}@/zone?host={connection.info.host}"
    home = tmp_path / "home"
    zone = init_zone(home, [shipped_packs() / "base"], database=url)
    file = tmp_path / "firms.csv"
    file.write_text("统一社会信用代码,企业名称,成立日期\n91350100M000100Y43,甲有限公司,2020-01-02\n", encoding="utf-8")
    taken = take(parcel_of(zone, "SCJ-01", file), zone.intake)
    again = take(parcel_of(open_zone(home), "SCJ-01", file), open_zone(home).intake)
    assert taken.result["accepted"] == 1
    assert again.repeated
    assert again.result == taken.result
    assert not (home / "records.db").exists()
