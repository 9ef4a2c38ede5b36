"""kill -9 of a witness at seeded moments: whatever it cosigned, it still knows after the next start."""

from __future__ import annotations

import os
import random
import threading
from pathlib import Path

import httpx
import pytest

from puhui.wire.notes import AddCheckpoint, Note, cosigned_at, read_cosignatures, read_size
from puhui.witness.state import State

from ..witnessed import LOG, ORIGIN, Served, checkpoint, request, serve

pytestmark = pytest.mark.crash
KILLS = max(int(os.environ.get("PUHUI_KILLS", "20")) // 5, 4)
MOST = 500


def grown(served: Served, size: int) -> int:
    """The log grows and asks for cosignatures until the witness is gone; the largest size that was cosigned."""
    while size < MOST:
        try:
            reply = served.add(request(size, size + 1))
        except httpx.HTTPError:
            break
        note = Note.parse(checkpoint(size + 1)).with_signatures(read_cosignatures(reply.content))
        assert cosigned_at(note, served.key) is not None
        size += 1
    return size


def test_no_cosignature_is_forgotten(tmp_path: Path) -> None:
    folder = tmp_path / "w"
    State(folder).add_log(ORIGIN, LOG.verifier)
    moments, size = random.Random(20261122), 0
    for _ in range(KILLS):
        served = serve(folder)
        killer = threading.Timer(moments.uniform(0.0, 0.4), served.process.kill)
        killer.start()
        cosigned = grown(served, size)
        killer.join()
        served.process.wait()
        size = still_known(folder, cosigned)


def still_known(folder: Path, cosigned: int) -> int:
    """The size that the witness knows after a new start: what was cosigned, or one more that nobody got to hear of."""
    served = serve(folder)
    try:
        known = read_size(served.add(AddCheckpoint(MOST, (), checkpoint(MOST)).body).content)
        assert cosigned <= known <= cosigned + 1
        assert served.add(AddCheckpoint(known, (), checkpoint(known, forked=True)).body).status_code == (
            409 if known else 200
        )
        assert served.add(request(known, known)).status_code == 200
    finally:
        served.kill()
    return known
