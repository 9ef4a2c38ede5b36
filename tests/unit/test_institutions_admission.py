"""What an institution states to be admitted: every fault is named at once, and what is read back is what was stated."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import pytest

from puhui.institutions.admission import application_of, check_key, key_of
from puhui.institutions.webhooks import public_address, webhook_fault
from puhui.model.refusals_question import AdmissionRefused

from .partners_made import NOW, key

TODAY = date(2026, 11, 22)


def new_key(**more: Any) -> dict[str, Any]:
    import base64

    values = {
        "algorithm": "ed25519",
        "public": base64.b64encode(key().verifying().public).decode(),
        "not_before": NOW.isoformat(),
        "not_after": (NOW + timedelta(days=365)).isoformat(),
    }
    return {**values, **more}


def stated(**more: Any) -> dict[str, Any]:
    return {
        "id": "bank-a",
        "name": {"zh": "甲银行", "en": "Bank A"},
        "kind": "bank",
        "uscc": "91350100M000100Y43",
        "networks": ["203.0.113.0/24", "2001:db8::/32"],
        "licences": [
            {"channel": "filed_enterprise_bureau", "record": "B-1", "from": "2026-01-01", "until": "2026-12-31"}
        ],
        "webhooks": ["https://notices.bank-a.example/puhui"],
        "keys": [new_key()],
        **more,
    }


def test_what_was_stated_is_read_back() -> None:
    application = application_of(stated(), TODAY)
    assert application.institution.scopes == {"answers", "letters"}
    again = application_of(json.loads(json.dumps(application.as_dict())), TODAY)
    assert again == application


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"id": "Bank A"}, "lower-case"),
        ({"id": "zone"}, "kept for the zone"),
        ({"id": "../bank"}, "lower-case"),
        ({"kind": "casino"}, "the kind is one of"),
        ({"uscc": "91350100M000100Y44"}, "check characters"),
        ({"scopes": ["everything"]}, "unknown scopes: everything"),
        ({"rate": 0}, "the rate"),
        ({"networks": ["203.0.113.1/24"]}, "no network"),
        ({"networks": ["everywhere"]}, "no network"),
        ({"licences": [{"channel": "own_pull", "record": "1", "from": "2026-01-01"}]}, "a licence is of one of"),
        ({"licences": [{"channel": "filed_enterprise_bureau", "record": " ", "from": "2026-01-01"}]}, "record number"),
        ({"licences": [{"channel": "filed_enterprise_bureau", "record": "1", "from": "soon"}]}, "YYYY-MM-DD"),
        (
            {
                "licences": [
                    {"channel": "filed_enterprise_bureau", "record": "1", "from": "2026-02-01", "until": "2026-01-01"}
                ]
            },
            "ends before",
        ),
        ({"webhooks": ["http://notices.bank-a.example/"]}, "not-https"),
        ({"webhooks": ["https://127.0.0.1/"]}, "private"),
        ({"keys": [new_key(public="AAAA")]}, "public key"),
        ({"keys": [new_key(algorithm="rsa")]}, "not supported"),
        ({"keys": [new_key(not_after=NOW.isoformat())]}, "valid at no time"),
        ({"keys": [new_key(not_after=(NOW + timedelta(days=4000)).isoformat())]}, "three years"),
    ],
)
def test_each_fault_is_named(change: dict[str, Any], named: str) -> None:
    with pytest.raises(AdmissionRefused, match=named):
        application_of(stated(**change), TODAY)


def test_all_faults_are_named_at_once() -> None:
    with pytest.raises(AdmissionRefused) as refused:
        application_of(stated(kind="casino", rate=0, networks=["x"]), TODAY)
    assert len(refused.value.said.en.split(";")) == 3 == len(refused.value.said.zh.split("；"))


def test_an_end_user_needs_no_key() -> None:
    assert application_of(stated(keys=[]), TODAY).keys == ()


def test_a_new_key_is_checked_as_the_first_ones_are() -> None:
    check_key(key_of(new_key()))
    with pytest.raises(AdmissionRefused):
        check_key(key_of(new_key(not_after=NOW.isoformat())))


@pytest.mark.parametrize(
    "url",
    [
        "http://bank.example/", "ftp://bank.example/", "https://", "https:///x", "//bank.example/", "bank.example",
        "https://localhost/", "https://bank/", "https://zone.internal/", "https://printer.local/", "https://a.lan./",
        "https://10.1.2.3/", "https://192.168.1.1/", "https://172.16.0.1/", "https://169.254.169.254/latest/meta-data",
        "https://[::1]/", "https://[fd00::1]/", "https://[::ffff:10.0.0.1]/", "https://[fe80::1]/", "https://0.0.0.0/",
        "https://2130706433/", "https://0x7f.1/", "https://127.1/", "https://100.64.0.1/", "https://224.0.0.1/",
        "https://user:word@bank.example/", "https://bank.example/#part", "https://bank.example:0/",
        "https://bank.example:99999/", "https://bank.example\\@evil.example/", "https://bank.example/a b",
        "https://银行.example/",
    ],
)  # fmt: skip
def test_notices_go_nowhere_else(url: str) -> None:
    assert webhook_fault(url)


def test_notices_go_to_the_open_internet_or_where_the_zone_allows() -> None:
    assert webhook_fault("https://notices.bank-a.example:8443/puhui?x=1") == ""
    assert webhook_fault("https://93.184.215.14/") == ""
    assert webhook_fault("https://10.1.2.3/", private=True) == ""
    assert webhook_fault("http://10.1.2.3/", private=True) == "not-https"


def test_where_a_name_leads_is_looked_at_too() -> None:
    assert public_address("93.184.215.14") and public_address("2606:2800:21f::1")
    for address in ("10.0.0.1", "127.0.0.1", "::1", "fe80::1%eth0", "::ffff:192.168.0.1", "240.0.0.1", "x", ""):
        assert not public_address(address)
