"""What the cross checks share: the set that is checked, names that are broken elsewhere, and where a mistake stands."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import yaml

from puhui.model.refusal import Mistake, Said
from puhui.packs.packset import Pack, PackSet
from puhui.packs.yaml_text import YamlMistake, compose, line_of

Step = str | int


@dataclass(slots=True)
class Checking:
    """One run of the cross checks. `broken`: documents that exist but were not read, so nothing follows from them."""

    packs: PackSet
    broken: frozenset[tuple[str, str]]
    _nodes: dict[str, yaml.Node | None] = field(default_factory=dict)

    def knows(self, section: str, name: str) -> bool:
        """Whether a document of that name exists, read or broken."""
        return name in self.packs.contents.section(section) or (section, name) in self.broken

    def mistake(
        self,
        section: str,
        name: str,
        path: Iterable[Step],
        code: str,
        said: Said,
        *,
        pack: Pack | None = None,
    ) -> Mistake:
        """A mistake at `path` in a document of the set (of `pack`, where two packs hold that name)."""
        home = pack or next(p for p in self.packs.packs if p.name == self.packs.pack_of[section, name])
        ending = "sql" if section in ("indicators", "checks") else "yaml"
        relative = f"{section}/{name}.{ending}"
        line = self._line(home, relative, tuple(path))
        return Mistake(f"{home.folder.name}/{relative}", line, code, said)

    def head_mistake(self, pack: Pack, path: Iterable[Step], code: str, said: Said) -> Mistake:
        """A mistake in a pack.yaml."""
        return Mistake(f"{pack.folder.name}/pack.yaml", self._line(pack, "pack.yaml", tuple(path)), code, said)

    def _line(self, pack: Pack, relative: str, path: tuple[Step, ...]) -> int:
        key = f"{pack.folder}/{relative}"
        if key not in self._nodes:
            self._nodes[key] = _node(pack, relative)
        return line_of(self._nodes[key], path)


def _node(pack: Pack, relative: str) -> yaml.Node | None:
    text = (pack.folder / relative).read_text(encoding="utf-8-sig")
    if relative.endswith(".sql"):
        before, _, rest = text.partition("/*")
        text = "\n" * before.count("\n") + rest.partition("*/")[0]
    try:
        return compose(text, relative)
    except YamlMistake:  # it was read before; someone writes to it at this moment
        return None


Check = Callable[[Checking], Iterator[Mistake]]


def repeated(names: Iterable[str]) -> Iterator[tuple[int, str]]:
    """(index, name) of every name that stood before."""
    seen: set[str] = set()
    for index, name in enumerate(names):
        if name in seen:
            yield index, name
        seen.add(name)


def both(zh: str, en: str) -> Said:
    """Short for the two languages of one text."""
    return Said(zh, en)
