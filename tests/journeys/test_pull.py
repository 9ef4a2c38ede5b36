"""A supplier's PostgreSQL table by the command line: pulled whole, then what came since."""

from __future__ import annotations

import pytest

from ..contract.test_files_postgres import psycopg, server  # noqa: F401  the fixture
from .town import FIRMS, Refused, Town, firm, uscc

INSERT = f"INSERT INTO town_firms VALUES ({', '.join(['%s'] * len(FIRMS))})"


@pytest.fixture
def supplier(server: str) -> str:  # noqa: F811
    titles = ", ".join(f'"{title}" text' for title in FIRMS)
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS town_firms")
        connection.execute(f"CREATE TABLE town_firms ({titles})")
        with connection.cursor() as cursor:
            cursor.executemany(INSERT, [firm(1), firm(2, state="睡着")])
    return server


def test_a_table_is_pulled_and_then_what_came_since(town: Town, supplier: str) -> None:
    pull = ("pull", town.home, "firms", "town_firms", "--order-by", FIRMS[0], "--conninfo", supplier)
    first = town.run(*pull, "--watermark", "成立日期")
    assert (first["lines"], first["accepted"], first["set_aside"], first["watermark"]) == (2, 1, 1, "2015-03-01")
    with psycopg.connect(supplier, autocommit=True) as connection:
        connection.execute(INSERT, firm(3, est="2026-01-01"))
    second = town.run(*pull, "--watermark", "成立日期")
    assert (second["lines"], second["accepted"], second["watermark"]) == (1, 1, "2026-01-01")
    assert len(town.rows("firms")) == 2
    assert [event["watermark"] for event in town.events("table-pulled")] == ["2015-03-01", "2026-01-01"]
    assert uscc(1) not in "".join(town.heard)


def test_what_cannot_be_pulled_is_refused_and_leaves_nothing(town: Town, supplier: str) -> None:
    for resource, table, conninfo, code, exit_code in (
        ("nothing", "town_firms", supplier, "unknown-name", 2),
        ("firms", "no_such_table", supplier, "parcel-unreadable", 4),
        ("firms", "town_firms", f"{supplier} password=x", "not-allowed", 7),
    ):
        with pytest.raises(Refused) as no:
            town.run("pull", town.home, resource, table, "--order-by", FIRMS[0], "--conninfo", conninfo)
        assert (no.value.code, no.value.exit_code) == (code, exit_code)
        assert "password=x" not in str(no.value.answer)
    assert town.editions() == [] and town.events("table-pulled") == []
