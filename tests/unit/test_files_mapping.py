"""Which mapping reads a file, and what is proposed for a layout that none fits."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from puhui.intake.formats import FileKind, Form, Records
from puhui.intake.header import banner_rows, comparable, unique_columns
from puhui.intake.mapping import choose_mapping, implicit_mapping, propose_mapping
from puhui.model.refusals import PackRefused, ParcelUnmapped, UnknownName
from puhui.packs.forms import Column, Mapping, Operation
from puhui.packs.packset import Contents, PackSet

from .files_resource import CODES, resource

MAPPING = Mapping(
    format=1,
    name="open_csv",
    resource="registrations",
    header=["企业名称", "信用代码"],
    columns={
        "ent_name": Column(from_="企业名称"),
        "uscc": Column(from_=["信用代码", "统一代码"]),
        "est_date": Column(from_="注册日期"),
    },
    operation=Operation(from_="操作", delete=["删除"]),
)
WIDER = msgspec.structs.replace(MAPPING, name="wider", header=["企业名称", "信用代码", "注册日期"])


def packs(*mappings: Mapping) -> PackSet:
    contents = Contents(
        resources={"registrations": resource()},
        codes={"reg_status": CODES},
        mappings={one.name: one for one in mappings},
    )
    return PackSet((), contents, {}, "", {})


def records(*header: str) -> Records:
    columns = unique_columns(header)
    return Records(FileKind.CSV, Form.CSV, Path("a"), Path("a"), header, columns, lines=1, digest="", size=1)


def test_names_are_compared_without_width_case_and_blanks() -> None:
    assert comparable("\ufeff 企业 名称（全称）\u3000") == comparable("企业名称(全称)")
    assert comparable("ＵＳＣＣ code") == comparable("uscc_Code")


def test_engine_columns_are_unique_whatever_was_delivered() -> None:
    assert unique_columns(["a", "A", "", "line", " a "]) == ("a", "A_2", "column_3", "line_2", "a_3")


def test_titles_above_a_header_are_told_from_it() -> None:
    assert banner_rows([["登记表", "", ""], ["", "", ""], ["名称", "代码", ""], ["甲", "1", ""]]) == 2
    assert banner_rows([["名称"], ["甲"]]) == 0


def test_the_mapping_whose_header_fits_best_is_taken_and_tied_to_the_columns() -> None:
    found = choose_mapping(
        packs(MAPPING, WIDER), resource(), records("企业 名称", "信用代码", "注册日期", "多余"), None
    )
    assert found.name == "wider"
    assert {name: column.from_ for name, column in found.columns.items()} == {
        "ent_name": "企业 名称",
        "uscc": "信用代码",
        "est_date": "注册日期",
    }
    assert found.operation is None


def test_columns_that_the_file_lacks_are_dropped_where_the_header_does_not_demand_them() -> None:
    found = choose_mapping(packs(MAPPING), resource(), records("企业名称", "信用代码", "操作"), None)
    assert set(found.columns) == {"ent_name", "uscc"}
    assert found.operation is not None
    assert found.operation.from_ == "操作"


def test_a_header_of_titles_names_and_aliases_needs_no_mapping() -> None:
    found = choose_mapping(packs(), resource(), records("行号", "原因", "建议", "单位名称", "USCC", "成立日期"), None)
    assert {name: column.from_ for name, column in found.columns.items()} == {
        "ent_name": "单位名称",
        "uscc": "USCC",
        "est_date": "成立日期",
    }


def test_one_foreign_column_or_a_field_twice_is_no_implicit_mapping() -> None:
    assert implicit_mapping(resource(), records("企业名称", "别的")) is None
    assert implicit_mapping(resource(), records("企业名称", "单位名称")) is None


def test_what_nothing_fits_is_refused_with_the_names_that_are_foreign() -> None:
    with pytest.raises(ParcelUnmapped) as refused:
        choose_mapping(packs(MAPPING), resource(), records("企业名称", "别的"), None)
    assert refused.value.where == "别的"


def test_a_named_mapping_must_exist_be_of_the_resource_and_fit(tmp_path: Path) -> None:
    other = msgspec.structs.replace(MAPPING, name="other", resource="tax")
    with pytest.raises(UnknownName):
        choose_mapping(packs(), resource(), records("a"), "nothing")
    with pytest.raises(ParcelUnmapped):
        choose_mapping(packs(other), resource(), records("企业名称", "信用代码"), "other")
    with pytest.raises(ParcelUnmapped):
        choose_mapping(packs(MAPPING), resource(), records("企业名称"), "open_csv")
    (tmp_path / "m.yaml").write_text("format: 1\nnam: x\n", "utf-8")
    with pytest.raises(PackRefused):
        choose_mapping(packs(), resource(), records("a"), str(tmp_path / "m.yaml"))


def test_a_proposal_knows_columns_by_name_and_by_value_and_reads_back(tmp_path: Path) -> None:
    file = records("代码", "单位名称", "成立时间", "注册资金", "状态", "备注")
    rows = [
        ["91360500159860977T", "甲公司", "2020/1/2", "1,000(万元人民币)", "开业", "x"],
        ["91360521159950075R", "乙公司", "2021/3/4", "50万美元", "注销", None],
    ]
    found = propose_mapping(packs(), [resource()], file, rows)
    by_column = {column.column: column for column in found.columns}
    assert {name: column.field for name, column in by_column.items()} == {
        "代码": "uscc",
        "单位名称": "ent_name",
        "成立时间": "est_date",
        "注册资金": "reg_capital",
        "状态": "status",
        "备注": None,
    }
    assert by_column["注册资金"].reads_as == "amount"
    assert by_column["单位名称"].confidence > by_column["成立时间"].confidence > 0.5
    assert found.missing == ()
    (tmp_path / "m.yaml").write_text(found.yaml, "utf-8")
    confirmed = choose_mapping(packs(), resource(), file, str(tmp_path / "m.yaml"))
    assert confirmed.columns["reg_capital"].currency_to == "reg_capital_currency"


def test_values_that_contradict_a_name_lower_its_confidence() -> None:
    file = records("统一社会信用代码", "成立日期")
    wrong = propose_mapping(packs(), [resource()], file, [["甲公司", "去年"], ["乙公司", "今年"]])
    assert [column.field for column in wrong.columns] == [None, None]
    assert wrong.missing == ("uscc",)
