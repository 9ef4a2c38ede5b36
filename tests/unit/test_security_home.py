"""What stands in a zone's home after a delivery, seen by someone who holds its disk but not its keys."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from puhui.bootstrap import Zone, add_officer, init_zone, open_zone, parcel_of
from puhui.desk.acts import ROLL_BACK, approve_act, propose_act
from puhui.desk.looks import look
from puhui.desk.officers import identify_officer
from puhui.desk.snapshots import build_snapshot
from puhui.intake.account import FEWEST_LINES
from puhui.intake.set_aside import read_set_aside, set_aside_name
from puhui.intake.take import take
from puhui.model.refusal import Refusal
from puhui.model.refusals import Broken, NoSubject, NotAllowed, ParcelOverThreshold, ParcelSecret
from puhui.model.subject import Identifier

from .subjects_made import ric

RESOURCE = """\
format: 1
name: bills
item_id: TEST-01
title: {zh: 账单, en: Bills}
agency: {zh: 水务集团, en: Water works}
duty: {zh: 供水, en: Water supply}
domain: utilities
about: person
grade: G3
credit_gate: consent
use: score
share_mode: conditional
cycle: event
threshold: 0.5
identify: [{field: id_no, kind: ric}]
keys: [id_no, bill_no]
fields:
  - {name: id_no, title: {zh: 证件号码, en: ID number}, type: str(18), semantic: ric, pi: P, required: true,
     grade: G4, gate: consent, use: verify, keep: vault, mask: keep_ends}
  - {name: user_name, title: {zh: 用户名称, en: Name}, type: str(50), semantic: name, pi: P, grade: G3,
     gate: consent, use: verify, keep: vault, mask: keep_surname}
  - {name: bill_no, title: {zh: 账单号, en: Bill number}, type: str(20), semantic: id, grade: G2,
     gate: consent, use: score, release: [count]}
  - {name: amount, title: {zh: 金额, en: Amount}, type: "decimal(16,2)", semantic: amount, unit: CNY,
     grade: G3, gate: consent, use: score, release: [value, band, sum], required: true}
"""
PACK = "format: 1\nname: {name}\nversion: 1.0.0\ntitle: {{zh: 试, en: Test}}\nowner: {{zh: 试, en: Test}}\n"
INDICATOR = """\
/*
format: 1
id: X1
title: {zh: 账单金额, en: Sum of bills}
group: test
subjects: [person]
type: decimal(18,2)
unit: CNY
window: latest
empty: 0
release: [value]
purposes: [medical]
direction: "+"
*/
SELECT subject, sum(amount) AS value FROM bills GROUP BY subject
"""
PEOPLE = [(ric(serial=number), f"欧阳试{mark}") for number, mark in enumerate("甲乙丙丁", 1)]
BAD_ID = PEOPLE[0][0][:-1] + ("0" if PEOPLE[0][0][-1] != "0" else "1")


def rows_of(people: list[tuple[str, str]], *more: str) -> str:
    lines = [f"{number},{name},B{at:03d},{at}.50" for at, (number, name) in enumerate(people, 1)]
    return "\n".join(["id_no,user_name,bill_no,amount", *lines, *more]) + "\n"


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("packs") / "secret-test"
    for name, text in (
        ("pack.yaml", PACK.format(name="secret-test")),
        ("resources/bills.yaml", RESOURCE),
        ("indicators/bills_sum.sql", INDICATOR),
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def zone(pack: Path, tmp_path: Path) -> Zone:
    return init_zone(tmp_path / "home", [pack])


def deliver(zone: Zone, text: str, name: str = "bills.csv", **stated: Any) -> dict[str, Any]:
    file = zone.home.parent / name
    file.write_text(text, encoding="utf-8")
    parcel = parcel_of(zone, "bills", file)
    return take(replace(parcel, manifest=replace(parcel.manifest, **stated)), zone.intake).result


def files(home: Path) -> set[Path]:
    return {
        path
        for path in home.rglob("*")
        if path.is_file() and not path.name.endswith((".lock", ".gate", "-wal", "-shm"))
    }


def strings(home: Path) -> Iterator[tuple[Path, bytes]]:
    """Every file outside the vault as bytes, Parquet as its unpacked values."""
    for path in files(home):
        yield path, path.read_bytes()
        if path.suffix == ".parquet":
            yield path, json.dumps(pq.read_table(path).to_pylist(), ensure_ascii=False, default=str).encode()
    for log in home.rglob("*-wal"):
        yield log, log.read_bytes()


def test_no_identifier_and_no_name_stands_in_clear(zone: Zone) -> None:
    """Good rows, a row set aside with its raw text, a look: in lake, landings, tables, events, figures."""
    result = deliver(zone, rows_of(PEOPLE, f"{BAD_ID},欧阳试戊,B009,1.00"))
    assert (result["accepted"], result["set_aside"]) == (4, 1)
    build_snapshot(zone.desk, date(2026, 6, 30))
    look(zone.desk, Identifier("ric", PEOPLE[0][0]), by="Li", reason="a look at a test")
    secrets = [text.encode() for pair in (*PEOPLE, (BAD_ID, "欧阳试戊")) for text in pair]
    leaks = [path for path, data in strings(zone.home) if any(secret in data for secret in secrets)]
    assert leaks == []
    assert len(list(strings(zone.home))) > 10
    assert all(secret.decode() not in json.dumps(result, ensure_ascii=False) for secret in secrets)


@pytest.mark.parametrize(("name", "stated"), [("bills.csv", {"classification": "机密"}), ("bills（秘密）.csv", {})])
def test_a_secret_is_refused_before_anything_is_stored(zone: Zone, name: str, stated: dict[str, str]) -> None:
    before = files(zone.home)
    with pytest.raises(ParcelSecret):
        deliver(zone, rows_of(PEOPLE), name, **stated)
    assert files(zone.home) - files(zone.home / "keys") == before - files(zone.home / "keys")


def test_a_refused_parcel_leaves_no_rows_no_landing_and_nobody_in_the_vault(zone: Zone) -> None:
    bad = [f"{PEOPLE[at % 4][0]},{PEOPLE[at % 4][1]},B{at:03d},much" for at in range(FEWEST_LINES)]
    before = files(zone.home)
    with pytest.raises(ParcelOverThreshold):
        deliver(zone, rows_of([], *bad))
    assert files(zone.home) - files(zone.home / "keys") == before - files(zone.home / "keys")
    assert zone.register.parcels() == []
    assert deliver(zone, rows_of(PEOPLE))["new_subjects"] == len(PEOPLE)


def test_a_landing_comes_back_byte_for_byte_and_a_changed_one_does_not(zone: Zone) -> None:
    text = rows_of(PEOPLE, f"{BAD_ID},欧阳试戊,B009,1.00")
    digest = deliver(zone, text)["digest"]
    (parcel,) = zone.register.parcels()
    assert parcel.sealed is not None
    with zone.intake.blobs.open(parcel.sealed, "bills", digest) as landing:
        assert landing.read() == text.encode()
    stored = zone.home / "lake" / "base" / "bills" / digest
    whole = stored.read_bytes()
    for spoiled in (whole[:-20] + bytes([whole[-20] ^ 1]) + whole[-19:], whole[: len(whole) // 2], b""):
        stored.write_bytes(spoiled)
        with pytest.raises(Broken), zone.intake.blobs.open(parcel.sealed, "bills", digest) as landing:
            landing.read()


def test_rows_set_aside_open_with_the_parcels_key_only(zone: Zone) -> None:
    digest = deliver(zone, rows_of(PEOPLE, f"{BAD_ID},欧阳试戊,B009,1.00"))["digest"]
    (parcel,) = zone.register.parcels()
    (row,) = read_set_aside(parcel, zone.intake.blobs).rows
    assert row.cells[0] == BAD_ID
    with pytest.raises(Broken):
        read_set_aside(replace(parcel, sealed=None), zone.intake.blobs)
    other = deliver(zone, rows_of(PEOPLE[:3], f"{BAD_ID},欧阳试戊,B010,2.00"), "second.csv")["digest"]
    folder = zone.home / "lake" / "base" / "bills"
    (folder / set_aside_name(other)).replace(folder / set_aside_name(digest))
    with pytest.raises(Broken):
        read_set_aside(parcel, zone.intake.blobs)


def test_a_look_is_recorded_before_anything_is_shown(zone: Zone, monkeypatch: pytest.MonkeyPatch) -> None:
    deliver(zone, rows_of(PEOPLE))
    build_snapshot(zone.desk, date(2026, 6, 30))
    who = Identifier("ric", PEOPLE[1][0])
    with pytest.raises(NotAllowed):
        look(zone.desk, who, by="Li", reason="  ")
    seen = look(zone.desk, who, by="Li", reason="complaint no. 5")
    (event,) = zone.register.events("access.by-staff")
    assert (event["actor"], event["subject"], event["reason"]) == (
        "Li",
        seen.figures.subject,
        "complaint no. 5",
    )

    def full(*given: object, **stated: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(zone.register, "event", full)
    with pytest.raises(OSError, match="no space"):
        look(zone.desk, who, by="Li", reason="complaint no. 5")


def test_an_act_needs_a_second_officer(zone: Zone) -> None:
    deliver(zone, rows_of(PEOPLE))
    arguments = {"resource": "bills", "edition": 1}
    with pytest.raises(NotAllowed):
        propose_act(zone.desk, ROLL_BACK, arguments, by="Li", reason="")
    number = propose_act(zone.desk, ROLL_BACK, arguments, by="Li", reason="wrong file")
    with pytest.raises(NotAllowed):
        approve_act(zone.desk, number, by="Li")
    assert [edition.number for edition in zone.register.editions("bills")] == [1]
    assert approve_act(zone.desk, number, by="Wang")["edition"] == 2
    assert zone.register.editions("bills")[1].rows == 0


def test_a_proposal_to_erase_holds_no_identifier(zone: Zone) -> None:
    deliver(zone, rows_of(PEOPLE))
    build_snapshot(zone.desk, date(2026, 6, 30))
    number = propose_act(zone.desk, "erase-subject", {"ric": PEOPLE[2][0]}, by="Li", reason="asked for it")
    (act,) = zone.register.open_acts()
    assert set(act.arguments) == {"token"}
    approve_act(zone.desk, number, by="Wang")
    with pytest.raises(NoSubject):
        look(zone.desk, Identifier("ric", PEOPLE[2][0]), by="Li", reason="is it gone")


def test_an_officer_is_who_holds_the_key(zone: Zone, tmp_path: Path) -> None:
    add_officer(zone, "Li", tmp_path / "li.pem", by="Li")
    add_officer(zone, "Wang", tmp_path / "wang.pem", by="Li")
    officers = open_zone(zone.home).officers
    assert identify_officer("Li", tmp_path / "li.pem", officers) == "Li"
    for name, key in (
        ("Li", None),
        ("Li", tmp_path / "wang.pem"),
        ("Zhao", tmp_path / "li.pem"),
        ("Li", tmp_path),
    ):
        with pytest.raises(NotAllowed):
            identify_officer(name, key, officers)
    assert stat.S_IMODE((tmp_path / "li.pem").stat().st_mode) == 0o600
    assert not [path for path in files(zone.home) if b"PRIVATE KEY" in path.read_bytes()]


def test_nobody_but_the_zones_account_enters_its_home(zone: Zone) -> None:
    deliver(zone, rows_of(PEOPLE))
    assert stat.S_IMODE(zone.home.stat().st_mode) == 0o700
    for name in ("keys", "vault"):
        assert stat.S_IMODE((zone.home / name).stat().st_mode) == 0o700
    sealed = [zone.home / "vault" / "vault.db", *(zone.home / "keys").iterdir()]
    landings = [path for path in (zone.home / "lake" / "base").rglob("*") if path.is_file()]
    assert {stat.S_IMODE(path.stat().st_mode) for path in (*sealed, *landings)} == {0o600}


@pytest.mark.parametrize("asked", [PEOPLE[3][0], BAD_ID, "not a number at all"])
def test_a_refusal_does_not_repeat_the_identifier(zone: Zone, asked: str) -> None:
    deliver(zone, rows_of(PEOPLE[:3]))
    build_snapshot(zone.desk, date(2026, 6, 30))
    with pytest.raises(Refusal) as refused:
        look(zone.desk, Identifier("ric", asked), by="Li", reason="a look at a test")
    told = json.dumps(refused.value.as_dict(), ensure_ascii=False) + str(refused.value)
    assert asked not in told
    assert asked not in json.dumps(zone.register.events(), ensure_ascii=False)


def test_the_scratch_is_gone_after_a_delivery(zone: Zone) -> None:
    deliver(zone, rows_of(PEOPLE))
    assert files(zone.home / "work") == set()


def test_a_landing_whose_retention_has_ended_cannot_be_opened(zone: Zone) -> None:
    from puhui.desk.upkeep import expire_landings

    digest = deliver(zone, rows_of(PEOPLE))["digest"]
    later = replace(zone.desk, now=lambda: datetime(2099, 1, 1, tzinfo=UTC))
    assert expire_landings(later) == [digest]
    assert zone.intake.blobs.names("bills") == []
    (parcel,) = zone.register.parcels()
    assert parcel.sealed is None
