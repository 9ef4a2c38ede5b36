"""What records are sealed as: short by their template, of one length for many, and never read wrongly."""

from __future__ import annotations

import pytest

from puhui.ledger.templates import STEP, Packing, name_of, unpacked
from puhui.model.refusals_question import LogBroken

TEMPLATE = b'{"items":[%b]}' % b",".join(
    b'{"definition":"%064d","name":"figure_%d","value":"0.00"}' % (at * 7919, at) for at in range(32)
)
RECORD = TEMPLATE.replace(b'"0.00"', b'"120000.00"')
TEMPLATES = {name_of(TEMPLATE): TEMPLATE}


def test_a_record_comes_back_whatever_it_adds() -> None:
    packing = Packing()
    for record in (RECORD, TEMPLATE, b"{}", RECORD + b" " * 100_000):
        assert unpacked(packing.packed(record, TEMPLATE), TEMPLATES.get) == record
        assert unpacked(packing.packed(record), {}.get) == record


def test_a_record_is_a_tenth_as_long_and_its_length_tells_little() -> None:
    packing = Packing()
    lengths = {len(packing.packed(RECORD.replace(b"120000.00", b"%d.00" % n), TEMPLATE)) for n in range(100, 140)}
    assert max(lengths) < len(RECORD) / 10 and all(length % STEP == 0 for length in lengths)
    assert len(lengths) == 1


def test_a_template_is_missing_until_its_transaction_is_durable() -> None:
    packing = Packing()
    assert packing.missing(TEMPLATE) == TEMPLATES == packing.missing(TEMPLATE)
    packing.stored(TEMPLATES)
    assert packing.missing(TEMPLATE) == {} == packing.missing(b"")


@pytest.mark.parametrize("packed", [b"", b"\x02abc", b"\x01" + name_of(TEMPLATE) + b"no frame"])
def test_bytes_of_no_form_are_refused(packed: bytes) -> None:
    with pytest.raises(LogBroken):
        unpacked(packed, TEMPLATES.get)


def test_a_template_that_is_gone_is_said() -> None:
    packed = Packing().packed(RECORD, TEMPLATE)
    with pytest.raises(LogBroken) as told:
        unpacked(packed, {}.get)
    assert "template" in str(told.value)
