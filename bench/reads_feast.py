"""The peer of `bench.reads`: the same figures in Feast's SQLite store. Runs under Feast's own interpreter.

python -m bench.reads_feast ROWS.parquet FOLDER: prints one JSON object: reads a second, p50 and p99, bytes a subject.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import sys
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

READS = 300


def main(rows: Path, folder: Path) -> dict[str, float]:
    os.environ["FEAST_USAGE"] = "False"
    import pandas as pd
    from feast import Entity, FeatureStore, FeatureView, Field, FileSource
    from feast.types import Float64
    from feast.value_type import ValueType

    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    now = datetime.now(timezone.utc)  # noqa: UP017 - Feast's interpreter may be older
    table = pd.read_parquet(rows)
    names = [name for name in table.columns if name != "subject"]
    table["event_timestamp"] = table["created"] = now - timedelta(hours=1)
    table.to_parquet(folder / "source.parquet")
    (folder / "feature_store.yaml").write_text(
        json.dumps(
            {
                "project": "bench",
                "registry": str(folder / "registry.db"),
                "provider": "local",
                "online_store": {"type": "sqlite", "path": str(folder / "online.db")},
                "entity_key_serialization_version": 3,
            }
        )
    )
    entity = Entity(name="subject", join_keys=["subject"], value_type=ValueType.STRING)
    source = FileSource(
        path=str(folder / "source.parquet"),
        timestamp_field="event_timestamp",
        created_timestamp_column="created",
    )
    view = FeatureView(
        name="figures", entities=[entity], ttl=timedelta(days=3650), source=source, online=True,
        schema=[Field(name=name, dtype=Float64) for name in names],
    )  # fmt: skip
    store = FeatureStore(repo_path=str(folder))
    store.apply([entity, view])
    store.materialize(now - timedelta(days=1), now)
    took = read(store, [f"figures:{name}" for name in names], list(table["subject"]))
    took.sort()
    return {
        "a_second": round(len(took) / sum(took), 1),
        "p50_us": round(took[len(took) // 2] * 1e6, 1),
        "p99_us": round(took[int(len(took) * 0.99)] * 1e6, 1),
        "bytes_a_subject": round((folder / "online.db").stat().st_size / len(table)),
    }


def read(store, features: list[str], subjects: list[str]) -> list[float]:  # type: ignore[no-untyped-def]
    """Seconds of each read of all figures of one subject; the first ten warm up."""
    draw, took = random.Random(5), []
    for _ in range(READS + 10):
        wanted = [{"subject": draw.choice(subjects)}]
        start = time.perf_counter()
        store.get_online_features(features=features, entity_rows=wanted).to_dict()
        took.append(time.perf_counter() - start)
    return took[10:]


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), Path(sys.argv[2]))))
