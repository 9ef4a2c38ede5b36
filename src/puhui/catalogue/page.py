"""The catalogue as one page: agency, its duties, and under each duty its kinds of record."""

from __future__ import annotations

from collections.abc import Iterator

from puhui.catalogue.tree import DutyNode, tree
from puhui.packs.forms import Resource, Words
from puhui.packs.packset import PackSet

_HEAD = """\
# Catalogue 目录

Generated from `packs/*/resources`; do not edit. Grade G1 to G4; gate is the item's own for lending and
guarantee (a field may be stricter, see its file); what no source states is a proposal, listed in
`packs/base/proposals.csv`.
"""
_COLUMNS = "| item | name | 资源 | resource | fields | grade | gate | use | cycle | share |\n" + "|---" * 10 + "|\n"


def render_catalogue(packs: PackSet) -> str:
    """Markdown: a chapter per agency, a table per duty, a line per resource, in the order of item numbers."""
    return _HEAD + "".join(_agencies(packs))


def _agencies(packs: PackSet) -> Iterator[str]:
    for agency in tree(packs):
        yield f"\n## {_both(agency.title)}\n"
        for duty in agency.duties:
            yield _table(duty)


def _table(duty: DutyNode) -> str:
    return f"\n{_both(duty.title)}\n\n" + _COLUMNS + "".join(map(_row, duty.resources))


def _row(resource: Resource) -> str:
    cells = (
        resource.item_id,
        f"`{resource.name}`",
        resource.title.zh,
        resource.title.en,
        str(len(resource.fields)),
        resource.grade,
        resource.credit_gate,
        resource.use,
        resource.cycle,
        resource.share_mode,
    )
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def _both(words: Words) -> str:
    return words.zh if words.zh == words.en else f"{words.zh} · {words.en}"
