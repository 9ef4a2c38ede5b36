"""The demo's data: a synthetic city is made and delivered, figures are computed, two subjects are looked at."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq

from puhui.bootstrap import Zone, default_packs, init_zone, now, parcel_of
from puhui.city.make import make_city
from puhui.cli.output import counted_progress, progress, say
from puhui.desk.editions import release
from puhui.desk.looks import Looked, look
from puhui.desk.snapshots import Built, build_snapshot
from puhui.indicators.store import FiguresReader
from puhui.intake.take import take
from puhui.model.figures import Value
from puhui.model.refusals import NoSubject
from puhui.model.subject import Identifier
from puhui.model.time import month_end, months_back
from puhui.subjects.lookup import find

LOOKED_THROUGH = 100
REPRESENTATIVE = "法定代表人"


@dataclass(frozen=True, slots=True)
class Delivered:
    """A city in a zone. `firm` and `person`: two subjects about whom much is known; `representative`: of the firm."""

    zone: Zone
    as_of: date
    taken: list[dict[str, Any]]
    built: Built
    firm: Identifier
    representative: Identifier
    person: Identifier
    looks: list[Looked]


def deliver_city(city: Path, home: Path, *, subjects: int, seed: int, as_json: bool) -> Delivered:
    """Make a city, deliver all of it to a new zone, compute every figure, look at a firm and a person."""
    as_of = month_end(months_back(now().date(), 1))  # the last whole month, so that freshness means something
    with progress(say("造城", "Making a city"), as_json) as step:
        make_city(city, default_packs(()), subjects=subjects, seed=seed, as_of=as_of, truth=False, progress=step)
    zone = init_zone(home)
    taken = _deliver_all(zone, city, as_json)
    with counted_progress(say("计算指标", "Computing figures"), as_json) as counted:
        built = build_snapshot(zone.desk, as_of, progress=counted)
    firm, representative, person = _chosen(zone, city)
    looks = [_look(zone, identifier) for identifier in (firm, person)]
    return Delivered(zone, as_of, taken, built, firm, representative, person, looks)


def _deliver_all(zone: Zone, city: Path, as_json: bool) -> list[dict[str, Any]]:
    listed = json.loads((city / "deliveries.json").read_text(encoding="utf-8"))["deliveries"]
    results: list[dict[str, Any]] = []
    with counted_progress(say("投送", "Delivering"), as_json) as step:
        for done, entry in enumerate(listed, 1):
            path = city / entry["file"]
            parcel = parcel_of(zone, entry["resource"], path, period=entry["period"], kind=entry["kind"])
            result = dict(take(parcel, zone.intake).result)
            if entry["steward_release"]:
                release(zone.desk, str(result["resource"]), int(str(result["edition"])), by="demo")
            results.append(result)
            step(done, len(listed))
    return results


def _chosen(zone: Zone, city: Path) -> tuple[Identifier, Identifier, Identifier]:
    """A firm in business, its representative, and a person: of the first hundred those about whom most is known."""
    reader = zone.desk.figures.reader()
    heads = {Identifier("uscc", firm): Identifier("ric", person) for firm, person in _representatives(city)}
    firms = [one for one in _listed(city, "enterprise") if one in heads]
    active = [one for one in firms if _values(zone, reader, one).get("reg_active") is True]
    firm = max(active or firms, key=lambda one: _known(zone, reader, one))
    person = max(_listed(city, "person"), key=lambda one: _known(zone, reader, one))
    reader.close()
    return firm, heads[firm], person


def _listed(city: Path, kind: str) -> list[Identifier]:
    listed = pq.read_table(city / "truth" / "subjects.parquet", columns=["kind", "identifier_kind", "identifier"])
    rows = listed.filter(pc.field("kind") == kind).slice(0, LOOKED_THROUGH).to_pylist()
    return [Identifier(row["identifier_kind"], row["identifier"]) for row in rows]


def _representatives(city: Path) -> Iterator[tuple[str, str]]:
    """Credit code and citizen number of each firm's representative, as the market regulator delivered them."""
    file = next((city / "deliveries").glob("*_SCJ-05_*.csv"))
    with file.open(encoding="utf-8-sig", newline="") as opened:
        for row in csv.DictReader(opened):
            if row["职务"] == REPRESENTATIVE:
                yield row["统一社会信用代码"], row["身份证件号码"]


def _values(zone: Zone, reader: FiguresReader, identifier: Identifier) -> dict[str, Value | None]:
    try:
        subject = find(zone.desk.vault, identifier.kind, identifier.value, today=now().date())
    except NoSubject:
        return {}
    return dict(reader.values(subject))


def _known(zone: Zone, reader: FiguresReader, identifier: Identifier) -> int:
    return len(_values(zone, reader, identifier))


def _look(zone: Zone, identifier: Identifier) -> Looked:
    return look(zone.desk, identifier, by="demo", reason=say("演示主流程", "demonstration of the main job"))
