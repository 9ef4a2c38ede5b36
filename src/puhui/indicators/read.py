"""Reading one subject's figures for a permit: the only way from a snapshot to an answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from puhui.indicators.store import FiguresReader
from puhui.model.figures import Definition, Figures
from puhui.model.question import Permit
from puhui.model.refusal import Said
from puhui.model.refusals_question import SnapshotBehind


def read_figures(permit: Permit, names: Sequence[str], reader: FiguresReader) -> Figures:
    """The named figures of the permit's subject, from the reader's snapshot."""
    return reader.get(permit.subject, names)


def definitions_in(reader: FiguresReader, digests: Mapping[str, str]) -> dict[str, Definition]:
    """The snapshot's definitions of some indicators. `digests`: as the active packs have them.

    Raises SnapshotBehind where the snapshot has another definition, or none: an answer is never mixed.
    """
    known = {definition.name: definition for definition in reader.snapshot.definitions}
    for name, digest in digests.items():
        if name not in known or known[name].digest != digest:
            raise SnapshotBehind(
                Said(f"当前快照不含指标 {name} 的现行定义", f"the snapshot lacks the definition in force of {name}"),
                todo=Said("待新快照生成后再试", "try again when the next snapshot is there"),
                where=name,
            )
    return {name: known[name] for name in digests}
