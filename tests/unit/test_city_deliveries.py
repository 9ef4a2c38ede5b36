"""Deliveries of the synthetic city: what the list says is what the files hold."""

from __future__ import annotations

import gzip
import json
import xml.etree.ElementTree as ElementTree
from collections import Counter
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow.parquet as pq
import pytest

from puhui.city.agencies import AGENCIES
from puhui.city.agencies.others import TOLD
from puhui.city.layouts import layouts_of
from puhui.city.lives import make_district
from puhui.city.make import digest_of
from puhui.city.settings import Settings

from .city_made import city, deliveries, packs


def records(path: Path, item: str) -> int:
    """Records of a delivered file, read with a reader that is not the city's own."""
    match path.name.partition(".")[2]:
        case "csv.gz":
            return gzip.decompress(path.read_bytes()).count(b"\n") - 1
        case "csv" | "txt":
            return path.read_bytes().count(b"\n") - 1
        case "jsonl":
            return len([json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()])
        case "xml":
            text = path.read_bytes().decode("gbk").replace(' encoding="GBK"', "", 1)
            return len(ElementTree.fromstring(text))
        case "xlsx":
            return openpyxl.load_workbook(path).active.max_row - 1
        case _:
            return int(pq.ParquetFile(path).metadata.num_rows)


def test_every_file_holds_the_records_that_the_list_says() -> None:
    made = city()
    for entry in deliveries(made):
        path = made.folder / entry["file"]
        assert records(path, entry["item_id"]) == entry["expected"]["lines"], entry["file"]


def test_the_kinds_of_file_that_agencies_send_are_all_there() -> None:
    endings = Counter(entry["file"].split(".", 1)[1] for entry in deliveries(city()))
    assert set(endings) == {"csv", "txt", "csv.gz", "jsonl", "xml", "xlsx", "parquet"}


def test_a_demo_has_at_most_110_parcels() -> None:
    assert 90 <= len(deliveries(city())) <= 110


def test_text_of_the_tax_bureau_is_gb18030_with_tabs_and_crlf() -> None:
    made = city()
    entry = next(e for e in deliveries(made) if e["item_id"] == "SWJ-01")
    lines = (made.folder / entry["file"]).read_bytes().decode("gb18030").split("\r\n")
    assert lines[0].split("\t")[:2] == ["统一社会信用代码", "企业名称"]


def test_registers_come_first_and_corrections_last() -> None:
    items = [(entry["item_id"], entry["kind"]) for entry in deliveries(city())]
    assert [item for item, _ in items[:2]] == ["SCJ-01", "SCJ-02"]
    assert all(kind == "correction" for _, kind in items[-5:])


def test_the_planned_month_never_comes_and_the_late_one_is_late() -> None:
    listed = deliveries(city())
    power = [entry["period"] for entry in listed if entry["item_id"] == "DL-03"]
    assert power[:2] == ["2023-07/2024-09", "2024-11/2026-04"]
    funds = [(entry["period"], entry["late"]) for entry in listed if entry["item_id"] == "GJJ-02"]
    assert funds[-2:] == [("2026-06", False), ("2026-05", True)]


def test_manifests_state_digest_and_rows() -> None:
    made = city()
    stated = [entry for entry in deliveries(made) if entry["manifest"]]
    assert len(stated) > 20
    for entry in stated:
        manifest = json.loads((made.folder / entry["manifest"]).read_text(encoding="utf-8"))
        assert manifest["digest"] == digest_of(made.folder / entry["file"])
        assert manifest["rows"] == entry["expected"]["lines"]


def test_corrections_name_the_parcel_that_they_mend() -> None:
    made = city()
    listed = deliveries(made)
    digests = {digest_of(made.folder / entry["file"]) for entry in listed}
    for entry in listed:
        if entry["kind"] == "correction":
            manifest = json.loads((made.folder / entry["manifest"]).read_text(encoding="utf-8"))
            assert manifest["corrects"] in digests


def test_counts_of_planted_rows_agree_with_the_truth() -> None:
    made = city()
    rows = pq.read_table(made.folder / "truth" / "rows.parquet").to_pylist()
    lost: dict[str, set[int]] = {}
    for row in rows:
        if row["set_aside"]:
            lost.setdefault(row["file"], set()).add(row["record"])
    twice = Counter(row["file"] for row in rows if row["kind"] == "exact_duplicate")
    for entry in deliveries(made):
        name = entry["file"].split("/")[1]
        assert len(lost.get(name, ())) == entry["expected"]["set_aside"]
        assert twice[name] == entry["expected"]["duplicates"]


@pytest.fixture(scope="module")
def district() -> Any:
    return make_district(Settings(subjects=900, seed=2), 0, 0, 900)


@pytest.mark.parametrize("item", sorted(AGENCIES))
def test_true_rows_fit_the_pack(item: str, district: Any) -> None:
    """Required fields are filled, codes are in closed lists, rows of one fact are one row."""
    resource = next(r for r in packs().resources.values() if r.item_id == item)
    rows = AGENCIES[item](district)
    for field in resource.fields:
        if field.name not in rows.table.column_names:
            assert not field.required, field.name
            continue
        column = rows.table.column(field.name)
        assert not (field.required and column.null_count), field.name
        code_list = packs().codes.get(field.code_list) if field.code_list else None
        if code_list is not None and not code_list.open:
            known = {word for value in code_list.values for word in (value.code, *value.also)}
            assert set(column.drop_null().unique().to_pylist()) <= known, field.name
    identifying = {way.field for way in resource.identify}
    keys = [name for name in resource.keys if name in rows.table.column_names and name not in identifying]
    cells = [rows.table.column(name).to_pylist() for name in keys]
    facts = Counter(
        zip(
            rows.subject.tolist(),
            rows.month.tolist() if item == "SCJ-01" else rows.subject.tolist(),
            *cells,
            strict=True,
        )
    )
    assert max(facts.values(), default=1) == 1


def test_layouts_cover_every_kind_that_the_city_tells() -> None:
    layouts = layouts_of(packs().resources.values(), 600)
    assert {*AGENCIES, *TOLD} <= set(layouts)


def test_nearly_every_firm_names_its_representative(district: Any) -> None:
    rows = AGENCIES["SCJ-05"](district)
    table = rows.table.to_pydict()
    firms = dict(zip(district.firms.uscc.to_pylist(), district.firms.boss.tolist(), strict=True))
    people = district.people.ric.to_pylist()
    led = [at for at, position in enumerate(table["person_position"]) if position == "法定代表人"]
    assert all(table["id_no"][at] == people[firms[table["uscc"][at]]] for at in led)
    assert all(people[place - len(firms)] == number for place, number in zip(rows.subject, table["id_no"], strict=True))
    registered = int((district.firms.kind <= 1).sum())
    assert 0.95 * registered < len({table["uscc"][at] for at in led}) == len(led) <= registered


@pytest.mark.parametrize("subjects", [30, 100])
def test_a_small_city_sends_no_file_that_says_nothing(subjects: int) -> None:
    made = city(subjects, 1)
    sent = [made.folder / entry["file"] for entry in deliveries(made)]
    silent = [path for path in sent if path.suffix in (".jsonl", ".xml") and not records(path, "")]
    assert silent == []
    assert {path.name for path in sent} == {
        path.name for path in (made.folder / "deliveries").iterdir() if not path.name.endswith(".manifest.json")
    }
