"""Makes a city: lives, deliveries, truth. The same settings give the same bytes, in any process."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from puhui.city.agencies import AGENCIES, Agency
from puhui.city.agencies.others import fillers
from puhui.city.delivery import Accepted, OpenParcel, Planted, deliver, open_parcels, unsure_names
from puhui.city.figures.compute import figures_of
from puhui.city.layouts import Layout, layouts_of
from puhui.city.lives import District, make_district
from puhui.city.registers import REGISTERS, uncertain_firms
from puhui.city.schedule import schedule
from puhui.city.settings import Settings
from puhui.city.truth import TruthFiles
from puhui.packs.packset import PackSet

TRUTH_LIMIT = 20_000  # subjects up to which figures are computed unless asked otherwise
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class City:
    """What was made."""

    folder: Path
    subjects: int
    parcels: int
    rows: int
    figures: int

    def as_dict(self) -> dict[str, object]:
        """As `--json` prints it."""
        return {
            "folder": str(self.folder),
            "subjects": self.subjects,
            "parcels": self.parcels,
            "rows": self.rows,
            "figures": self.figures,
        }


def make_city(
    folder: Path,
    packs: PackSet,
    *,
    subjects: int,
    seed: int,
    as_of: date = date(2026, 6, 30),
    months: int = 36,
    truth: bool | None = None,
    progress: Progress | None = None,
) -> City:
    """Writes `deliveries/`, `truth/` and `deliveries.json` into `folder`.

    `packs` say how kinds of record look and what indicators are; kinds that the city tells no lives of are left out.
    `truth` says whether figures are computed (None: up to 20,000 subjects). `progress` is told which district is done,
    of how many. Raises ValueError for fewer than 30 subjects; FileExistsError if the folder holds deliveries.
    """
    settings = Settings(subjects=subjects, seed=seed, as_of=as_of, months=months)
    agencies: dict[str, Agency] = {
        **AGENCIES,
        **fillers({r.item_id: r for r in packs.resources.values()}, packs.codes),
    }
    layouts = {
        item: layout for item, layout in layouts_of(packs.resources.values(), subjects).items() if item in agencies
    }
    parcel_folder = folder / "deliveries"
    parcel_folder.mkdir(parents=True)
    parcels = open_parcels(
        parcel_folder, [(plan, layout) for layout in layouts.values() for plan in schedule(layout, settings)]
    )
    files = TruthFiles(folder / "truth", figures=subjects <= TRUTH_LIMIT if truth is None else truth)
    held = {item: _months_held(item, parcels, settings) for item, layout in layouts.items() if layout.is_monthly}
    spans = settings.districts()
    for place, (first, count) in enumerate(spans):
        district = make_district(settings, place, first, count)
        accepted, planted = _deliver_district(district, agencies, layouts, parcels)
        files.add(district, planted)
        if files.wants_figures:
            for table in figures_of(district, accepted, packs, held):
                files.add_figures(table)
        if progress is not None:
            progress(f"{place + 1}/{len(spans)}")
    files.close()
    sent = _close(parcels, folder)
    return City(folder, subjects, len(sent), sum(parcel.lines for parcel in sent), files.figures)


def _months_held(item: str, parcels: list[OpenParcel], settings: Settings) -> frozenset[str]:
    """The months that the parcels of an item bring, as `2026-06`."""
    names = [str(month) for month in settings.month_ends.astype("datetime64[M]")]
    mine = [parcel.planned for parcel in parcels if parcel.layout.item == item and not parcel.planned.corrects]
    return frozenset(names[at] for planned in mine for at in range(planned.first, planned.last + 1))


def _deliver_district(
    district: District,
    agencies: Mapping[str, Agency],
    layouts: Mapping[str, Layout],
    parcels: list[OpenParcel],
) -> tuple[dict[str, list[Accepted]], Planted]:
    by_item: dict[str, list[OpenParcel]] = {}
    for parcel in parcels:
        by_item.setdefault(parcel.layout.item, []).append(parcel)
    planted = Planted()
    shared = uncertain_firms(district.firms.name)
    accepted: dict[str, list[Accepted]] = {}
    for item in sorted(layouts, key=lambda item: item not in REGISTERS):
        unsure = unsure_names(shared, [accepted[register] for register in REGISTERS if register in accepted])
        accepted[item] = deliver(agencies[item](district), by_item[item], district, unsure, planted)
    return accepted, planted


def _close(parcels: list[OpenParcel], folder: Path) -> list[OpenParcel]:
    """The parcels that are sent: one that would say nothing at all, not even its columns, is left out."""
    for parcel in parcels:
        parcel.writer.close()
    sent = [parcel for parcel in parcels if parcel.lines or parcel.layout.style.says_columns]
    for parcel in parcels:
        if parcel not in sent:
            parcel.path.unlink()
    listed = [_entry(parcel, sent) for parcel in sent]
    text = json.dumps({"format": 1, "deliveries": listed}, ensure_ascii=False, indent=1)
    (folder / "deliveries.json").write_text(text + "\n", encoding="utf-8")
    return sent


def _entry(parcel: OpenParcel, parcels: list[OpenParcel]) -> dict[str, object]:
    """What deliveries.json says of one parcel."""
    planned = parcel.planned
    manifest = _manifest(parcel, parcels) if planned.corrects or parcel.seq % 3 == 0 else None
    if manifest is not None:
        path = parcel.path.with_name(parcel.file_name + ".manifest.json")
        path.write_text(json.dumps(manifest, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return {
        "seq": parcel.seq,
        "file": f"deliveries/{parcel.file_name}",
        "resource": parcel.layout.name,
        "item_id": parcel.layout.item,
        "agency": parcel.layout.agency,
        "period": planned.period,
        "kind": planned.kind,
        "late": planned.rank[0] == 80,
        "steward_release": parcel.layout.steward_release,
        "manifest": f"deliveries/{parcel.file_name}.manifest.json" if manifest else None,
        "expected": {
            "lines": parcel.lines,
            "set_aside": parcel.set_aside,
            "duplicates": parcel.duplicates,
            "conflicts": parcel.conflicts,
        },
    }


def _manifest(parcel: OpenParcel, parcels: list[OpenParcel]) -> dict[str, object]:
    planned = parcel.planned
    corrected = next(
        (p for p in parcels if planned.corrects and not p.planned.corrects and p.layout is parcel.layout
         and p.planned.period == planned.period), None)  # fmt: skip
    return {
        "supplier": parcel.layout.agency,
        "supplier_kind": "agency",
        "resource": parcel.layout.name,
        "period": planned.period,
        "rows": parcel.lines,
        "digest": digest_of(parcel.path),
        "kind": planned.kind,
        "corrects": digest_of(corrected.path) if corrected else "",
    }


def digest_of(path: Path) -> str:
    """SHA-256 of the unpacked bytes, in hex; read in pieces."""
    digest = hashlib.sha256()
    unpack = zlib.decompressobj(31) if path.suffix == ".gz" else None
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            digest.update(unpack.decompress(piece) if unpack else piece)
    return digest.hexdigest()
