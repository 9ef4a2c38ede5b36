"""The truth beside the deliveries: who is in the city, what was planted, which name means whom."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from puhui.city.columns import NEVER
from puhui.city.delivery import Planted
from puhui.city.figures.compute import FIGURES
from puhui.city.lives import District
from puhui.model.subject import kind_of_uscc

SUBJECTS = pa.schema(
    [
        ("subject", pa.int64()),
        *((name, pa.string()) for name in ("kind", "identifier_kind", "identifier", "name", "former_name")),
        ("defaulted", pa.date32()),
    ]
)
ROWS = pa.schema(
    [("resource", pa.string()), ("file", pa.string()), ("record", pa.int64()), ("kind", pa.string()),
     ("field", pa.string()), ("set_aside", pa.bool_())]
)  # fmt: skip
NAME_LINKS = pa.schema(
    [("resource", pa.string()), ("file", pa.string()), ("record", pa.int64()), ("uscc", pa.string()),
     ("variant", pa.string()), ("certain", pa.bool_())]
)  # fmt: skip


class TruthFiles:
    """Parquet files that grow district by district; figures only where wanted."""

    def __init__(self, folder: Path, *, figures: bool) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._subjects = pq.ParquetWriter(folder / "subjects.parquet", SUBJECTS, compression="zstd")
        self._rows = pq.ParquetWriter(folder / "rows.parquet", ROWS, compression="zstd")
        self._links = pq.ParquetWriter(folder / "name_links.parquet", NAME_LINKS, compression="zstd")

        self._figures = pq.ParquetWriter(folder / "figures.parquet", FIGURES, compression="zstd") if figures else None
        self.figures = 0

    @property
    def wants_figures(self) -> bool:
        return self._figures is not None

    def add_figures(self, figures: pa.Table) -> None:
        if self._figures is not None:
            self._figures.write_table(figures)
            self.figures += figures.num_rows

    def add(self, district: District, planted: Planted) -> None:
        self._subjects.write_table(subjects_of(district))
        self._rows.write_table(_table(planted.findings, ROWS))
        codes = district.firms.uscc.to_pylist()
        links = [(*link[:3], codes[link[3]], *link[4:]) for link in planted.links]
        self._links.write_table(_table(links, NAME_LINKS))

    def close(self) -> None:
        for writer in (self._subjects, self._rows, self._links):
            writer.close()
        if self._figures is not None:
            self._figures.close()


def _table(rows: list[tuple[object, ...]] | list[tuple[str, str, int, str, str, bool]], schema: pa.Schema) -> pa.Table:
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(schema)
    arrays = [pa.array(column, part.type) for column, part in zip(columns, schema, strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema)


def subjects_of(district: District) -> pa.Table:
    """All subjects of a district, organisations first, by number of subject."""
    firms, people = district.firms, district.people
    codes = firms.uscc.to_pylist()
    kinds = [kind_of_uscc(code).value for code in codes] + ["person"] * len(people)
    months = np.append(district.month_ends, NEVER)
    arrays = [
        pa.array(np.arange(len(kinds)) + district.first),
        pa.array(kinds),
        pa.array(["uscc"] * len(firms) + ["ric"] * len(people)),
        pa.concat_arrays([firms.uscc, people.ric]),
        pa.concat_arrays([firms.name, people.name]),
        pa.concat_arrays([firms.old_name, pa.nulls(len(people), pa.string())]),
        pa.array(np.append(months[firms.defaulted], np.full(len(people), NEVER)), pa.date32()),
    ]
    return pa.Table.from_arrays(arrays, schema=SUBJECTS)
