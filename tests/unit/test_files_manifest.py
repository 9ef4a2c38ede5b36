"""What a manifest may say, how it is signed, and which marks of secrecy refuse a parcel."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from puhui.intake.formats import FileKind, Form, Records
from puhui.intake.manifest import (
    UNSIGNED,
    agree,
    is_marked_secret,
    manifest_beside,
    read_manifest,
    refuse_secret,
    signature_of,
    signed_bytes,
)
from puhui.model.delivery import DeliveryKind, Manifest
from puhui.model.refusals import ParcelMismatch, ParcelSecret, ParcelUnreadable

from .files_resource import resource

KEY = Ed25519PrivateKey.generate()
SUPPLIERS = {"新余市税务局": KEY.public_key().public_bytes_raw()}
RECORDS = Records(FileKind.CSV, Form.CSV, Path("a"), Path("a"), ("a",), ("a",), lines=3, digest="ab" * 32, size=10)
STATED = Manifest(
    supplier="新余市税务局",
    resource="SWJ-06",
    rows=3,
    digest="ab" * 32,
    kind=DeliveryKind.SNAPSHOT,
    period="2026-09",
)


def signed(manifest: Manifest) -> Manifest:
    return replace(manifest, signature=signature_of(manifest, KEY))


def test_a_signed_manifest_that_agrees_gives_no_warning() -> None:
    assert agree(signed(STATED), RECORDS, resource(), SUPPLIERS) == ()


def test_an_unsigned_one_warns_unless_the_resource_demands_a_signature() -> None:
    assert agree(STATED, RECORDS, resource(), SUPPLIERS) == (UNSIGNED,)
    with pytest.raises(ParcelMismatch):
        agree(STATED, RECORDS, resource(manifest_signature="required"), SUPPLIERS)


@pytest.mark.parametrize(
    "change",
    [
        {"resource": "SWJ-07"},
        {"rows": 4},
        {"digest": "cd" * 32},
        {"period": "2026-10"},
        {"kind": DeliveryKind.INCREMENT},
        {"supplier": "另一部门"},
        {"terms": "x"},
        {"signature": "00" * 64},
    ],
)
def test_any_change_after_signing_is_a_mismatch(change: dict[str, object]) -> None:
    with pytest.raises(ParcelMismatch):
        agree(replace(signed(STATED), **change), RECORDS, resource(), SUPPLIERS)  # type: ignore[arg-type]


def test_another_suppliers_key_does_not_speak_for_this_one() -> None:
    other = Ed25519PrivateKey.generate()
    forged = replace(STATED, signature=signature_of(STATED, other))
    keys = {**SUPPLIERS, "另一部门": other.public_key().public_bytes_raw()}
    with pytest.raises(ParcelMismatch):
        agree(forged, RECORDS, resource(), keys)


def test_the_signed_form_is_rfc_8785() -> None:
    assert signed_bytes(Manifest(supplier='税务局\u2028\n"', rows=3)).decode() == (
        '{"classification":"","corrects":"","digest":"","kind":null,"period":"","resource":"","rows":3,'
        '"signer":"","supplier":"税务局\u2028\\n\\"","supplier_kind":"","terms":""}'
    )


def test_a_manifest_beside_a_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.csv.manifest.json").write_text(json.dumps({"rows": 3, "kind": "increment"}), "utf-8")
    assert manifest_beside(tmp_path / "a.csv") == Manifest(rows=3, kind=DeliveryKind.INCREMENT)
    assert manifest_beside(tmp_path / "b.csv") is None


@pytest.mark.parametrize(
    "text",
    [
        '{"row": 3}',
        '{"rows": 3.0}',
        '{"rows": -1}',
        '{"rows": "3"}',
        '{"rows": 3, "rows": 4}',
        "[]",
        "{",
        '{"digest": "x"}',
        '{"kind": "all"}',
        '{"period": "September"}',
        '{"signature": "zz"}',
        '{"rows": 9007199254740993}',
        "[" * 100000,
    ],
)
def test_malformed_manifests_are_refused(text: str) -> None:
    with pytest.raises(ParcelUnreadable):
        read_manifest(text.encode())


@pytest.mark.parametrize(
    "text",
    [
        "绝密",
        "机密★10年",
        "秘 密",
        "工作秘密",
        "国家秘密",
        "核心数据",
        "Top Secret",
        "state_secret",
        "core data",
        "CONFIDENTIAL",
    ],
)
def test_marks_of_secrecy_are_refused(text: str) -> None:
    for manifest, name, banner in (
        (Manifest(classification=text), "a.csv", ()),
        (Manifest(), f"名单_{text}.csv", ()),
        (Manifest(), "a.csv", ("企业名单", text)),
    ):
        with pytest.raises(ParcelSecret):
            refuse_secret(manifest, name, banner)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "公开",
        "内部",
        "侵犯商业秘密案件.csv",
        "不涉及国家秘密",
        "非涉密",
        "无秘密",
        "secretary.csv",
        "trade secret",
        "not confidential",
    ],
)
def test_words_that_are_no_marks_pass(text: str) -> None:
    assert not is_marked_secret(text)
