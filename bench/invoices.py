"""Real invoices to a bank's own test: 123 firms' files through Puhui, then plain logistic regression.

Promise: the model sees the figures of one snapshot (as of 2020-02-29) and nothing else; rating and default
are the outcome that the bank holds, read from its own file here and never part of a figure. Transformations,
penalty and seeds were fixed before the first score was seen; all fitting happens inside the folds.
"""

from __future__ import annotations

import csv
import os
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from bench.common import machine, peak_mib
from puhui.bootstrap import Zone, init_zone, parcel_of, shipped_packs
from puhui.desk.snapshots import build_snapshot
from puhui.intake.take import take
from puhui.subjects.lookup import find

AS_OF = date(2020, 2, 29)
REPEATS, FOLDS = 20, 5
PENALTY = 0.1  # C of the regression: 26 columns on 123 firms ask for a strong one
DELIVERIES = (
    ("sme_firms", "sme_firms_123.csv"),
    ("invoices_in", "sme_invoices_in_123.csv.gz"),
    ("invoices_out", "sme_invoices_out_123.csv.gz"),
)
RECENCY = ("days_since_last_sale", "days_since_last_purchase", "max_no_sale_days_24m", "sales_hoh")
PACK = "invoice"
Matrix = NDArray[np.float64]
Labels = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Sample:
    """One row a firm: its figures (not a number where unknown or undefined), and whether it defaulted."""

    names: tuple[str, ...]
    figures: Matrix
    defaulted: Labels


@dataclass(frozen=True, slots=True)
class Score:
    """AUC: the mean of the folds of each repeat, over all repeats."""

    mean: float
    spread: float  # standard deviation over the repeats
    low: float
    high: float

    def as_dict(self) -> dict[str, float]:
        return {"mean": self.mean, "sd": self.spread, "min": self.low, "max": self.high}


def run(rows: int | None = None) -> dict[str, Any]:
    """The benchmark's JSON line. `rows` is not used: the files are what they are. Peak: of this process."""
    data = real_data()
    with tempfile.TemporaryDirectory(prefix="puhui-invoices-") as folder:
        started = time.perf_counter()
        zone = init_zone(Path(folder) / "home", [shipped_packs() / "base", shipped_packs() / PACK])
        taken = [deliver(zone, name, data / file) for name, file in DELIVERIES]
        built = build_snapshot(zone.desk, AS_OF)
        seconds = time.perf_counter() - started
        sample = sample_of(zone, data / DELIVERIES[0][1])
    ours, plain = score(sample.figures, sample.defaulted), score(plain_sums(data), sample.defaulted)
    return {
        "name": "invoices",
        "ours": ours.mean,
        "against": {"plain sums": plain.mean},
        "ratio": {"plain sums": round(ours.mean / plain.mean, 3)},
        "auc": ours.as_dict(),
        "auc_without_recency": score(without(sample, RECENCY), sample.defaulted).as_dict(),
        "indicators": len(sample.names),
        "firms": len(sample.defaulted),
        "defaults": int(sample.defaulted.sum()),
        "deliveries": taken,
        "seconds": {"all": round(seconds, 2), "snapshot": built.seconds},
        "peak_mib": peak_mib(),
        "machine": machine(),
    }


def real_data() -> Path:
    """The folder of the real files: PUHUI_REAL_DATA, or shared/data beside the checkout."""
    folder = Path(os.environ.get("PUHUI_REAL_DATA", Path(__file__).parents[2] / "shared" / "data"))
    if not (folder / DELIVERIES[0][1]).is_file():
        raise SystemExit(f"{DELIVERIES[0][1]} is not in {folder}: set PUHUI_REAL_DATA")
    return folder


def deliver(zone: Zone, name: str, file: Path) -> dict[str, Any]:
    """One file through intake; what became of its rows, with every check that found something."""
    result = take(parcel_of(zone, name, file), zone.intake).result
    kept = {key: result[key] for key in ("resource", "lines", "accepted", "set_aside", "duplicates", "warned")}
    issues: Any = result["issues"]
    return {**kept, "issues": {issue["check"]: issue["count"] for issue in issues}}


def outcomes(file: Path) -> dict[str, int]:
    """Firm code → 1 if it defaulted: the bank's own knowledge."""
    with file.open(encoding="utf-8-sig", newline="") as lines:
        return {row["企业代号"]: int(row["是否违约"] == "是") for row in csv.DictReader(lines)}


def sample_of(zone: Zone, firms: Path) -> Sample:
    """The newest snapshot's figures of every firm, in the order of the firms' file."""
    known = outcomes(firms)
    names = tuple(name for name, one in zone.packs.indicators.items() if one.pack == PACK)
    reader = zone.desk.figures.reader(None)
    try:
        subjects = [find(zone.intake.vault, "local:cumcm", code, today=AS_OF) for code in known]
        rows = [[_number(one.value) for one in reader.get(subject, names).figures] for subject in subjects]
    finally:
        reader.close()
    return Sample(names, np.array(rows, dtype=float), np.array(list(known.values()), dtype=np.int64))


def _number(value: Any) -> float:
    return float("nan") if value is None else float(value)


def without(sample: Sample, names: Sequence[str]) -> Matrix:
    """The figures without some columns: what is left if silent firms do not give themselves away."""
    return sample.figures[:, [at for at, name in enumerate(sample.names) if name not in names]]


def sign_log(values: Matrix) -> Matrix:
    """Amounts and counts span six orders: log1p of the size, with the sign."""
    logged: Matrix = np.sign(values) * np.log1p(np.abs(values))
    return logged


def model() -> Pipeline:
    """Sign-log, medians with flags for what is missing, standardised; balanced classes."""
    return make_pipeline(
        FunctionTransformer(sign_log),
        SimpleImputer(strategy="median", add_indicator=True),
        StandardScaler(),
        LogisticRegression(C=PENALTY, class_weight="balanced", max_iter=5000),
    )


def score(figures: Matrix, defaulted: Labels) -> Score:
    """20 repeats of stratified 5-fold, seeds 0 to 19; the model is fitted anew in every fold."""
    means = [float(np.mean(_folds(figures, defaulted, seed))) for seed in range(REPEATS)]
    mean, spread, low, high = np.mean(means), np.std(means, ddof=1), min(means), max(means)
    return Score(round(float(mean), 4), round(float(spread), 4), round(low, 4), round(high, 4))


def _folds(figures: Matrix, defaulted: Labels, seed: int) -> list[float]:
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    return [
        float(
            roc_auc_score(
                defaulted[test],
                model().fit(figures[train], defaulted[train]).predict_proba(figures[test])[:, 1],
            )
        )
        for train, test in folds.split(figures, defaulted)
    ]


def plain_sums(data: Path) -> Matrix:
    """The peer: per firm and side number, sum, void share and red-letter share, by a plain script."""
    known = outcomes(data / DELIVERIES[0][1])
    columns = []
    for _, file in DELIVERIES[1:]:
        sums = duckdb.execute(
            """SELECT 企业代号, count(*), sum(价税合计::DOUBLE), avg((trim(发票状态) = '作废发票')::INT),
                 avg((价税合计::DOUBLE < 0)::INT)
               FROM read_csv(?, header = true, all_varchar = true) GROUP BY 1""",
            [str(data / file)],
        ).fetchall()
        by_firm = {row[0]: row[1:] for row in sums}
        columns.append(np.array([by_firm[code] for code in known], dtype=float))
    return np.hstack(columns)
