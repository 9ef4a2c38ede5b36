"""Reads and checks pack folders: what a city's officers write becomes typed, immutable documents, or a
list of mistakes.

A pack that has any mistake loads nothing; all its mistakes are reported at once, each with file, line and code.
"""

from puhui.packs.digests import definition_digest
from puhui.packs.load import load_pack, load_packs, with_needs
from puhui.packs.new import new_pack
from puhui.packs.packset import Indicator, Pack, PackSet, SqlCheck
from puhui.packs.schemas import schema_texts, write_schemas

__all__ = [
    "Indicator",
    "Pack",
    "PackSet",
    "SqlCheck",
    "definition_digest",
    "load_pack",
    "load_packs",
    "new_pack",
    "schema_texts",
    "with_needs",
    "write_schemas",
]
