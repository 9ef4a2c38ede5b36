"""A resource gains a field: what was delivered before has no value there, and stays readable."""

from __future__ import annotations

from .test_officers import erased
from .town import PAYMENTS, Town, firm, uscc

FIELD = (
    "  - {name: office, title: {zh: 主管税务机关, en: Office}, type: str(20), semantic: text, grade: G1, "
    "gate: enterprise_auth, use: score, release: [value]}\n"
)


def test_rows_of_before_and_after_stand_together(town: Town) -> None:
    first = town.paid("2026-06", (1, "vat", "2026-06-03", 30), (2, "vat", "2026-06-04", 40))
    resource = town.new_pack() / "resources" / "payments.yaml"
    resource.write_text(resource.read_text("utf-8") + FIELD, encoding="utf-8")
    town.activate()
    town.deliver(
        "payments", PAYMENTS, [(uscc(2), "vat", "2026-06-04", 44)], "--corrects", first["digest"], name="c.csv"
    )
    header, rows = (*PAYMENTS, "主管税务机关"), [(uscc(3), "vat", "2026-07-01", 1, "一分局")]
    town.deliver("payments", header, rows, "--period", "2026-07", name="new.csv")
    found = sorted((str(row["paid"]), row.get("office")) for row in town.rows("payments"))
    assert found == [("1.00", "一分局"), ("30.00", None), ("44.00", None)]
    town.firms(firm(1))
    erased(town, 1)
    dropped = {done["table"]: done["rows_dropped"] for done in town.run("compact", town.home, "--by", "officer-a")}
    assert dropped == {"firms": 1, "payments": 1}
    town.snapshot()
