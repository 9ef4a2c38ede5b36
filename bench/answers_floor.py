"""The floor of an answer: its cryptography in a bare loop, one point read, one leaf hash, a group-committed write."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from puhui.indicators.store import FiguresReader
from puhui.model.subject import Subject
from puhui.wire.http_signatures import SignedRequest
from puhui.wire.keys import Signing, Verifying
from puhui.wire.tlog import leaf_hash


@dataclass(frozen=True, slots=True)
class Asked:
    """One signed question with the key that signed it and the subject that it is about."""

    request: SignedRequest
    key: Verifying
    token: str


def floor(
    asked: Sequence[Asked], reader: FiguresReader, names: Sequence[str], key: Signing, folder: Path, group: int = 32
) -> dict[str, Any]:
    """CPU microseconds an answer, answers a second and milliseconds of an fsync, `group` answers to a durable write."""
    answer = os.urandom(2_500)  # as long as an answer's signature base and record are
    syncs = []
    started, cpu = time.perf_counter(), time.process_time()
    with open(folder / "floor.log", "wb", buffering=0) as log:
        for at in range(0, len(asked), group):
            leaves = []
            for one in asked[at : at + group]:
                if not one.key.verify(one.request.signed, one.request.signature):
                    raise RuntimeError("a signature of the benchmark does not hold")
                reader.get(Subject(one.token), names)
                leaves.append(leaf_hash(one.request.digest) + answer)
            log.write(b"".join(leaves))
            before = time.perf_counter()
            os.fdatasync(log.fileno())
            syncs.append(time.perf_counter() - before)
            for _ in leaves:
                key.sign(answer)
    wall = time.perf_counter() - started
    used = time.process_time() - cpu
    return {
        "cpu_us": round(used / len(asked) * 1e6, 1),
        "per_second": round(len(asked) / wall),
        "fsync_ms": round(sorted(syncs)[len(syncs) // 2] * 1e3, 3),
    }
