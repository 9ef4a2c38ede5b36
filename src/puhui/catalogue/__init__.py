"""The catalogue of a set of packs: what there is by agency and duty, how fresh it is, and where a word occurs.

Pure functions; today's date and what the lake holds come in as parameters.
"""

from puhui.catalogue.find import Hit, find
from puhui.catalogue.freshness import Freshness, State, freshness
from puhui.catalogue.tree import Agency, DutyNode, tree

__all__ = ["Agency", "DutyNode", "Freshness", "Hit", "State", "find", "freshness", "tree"]
