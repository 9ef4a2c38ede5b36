"""Adoption: unknown identifiers become identifiers of a subject, old or new, and contradictions are named.

Law: subjects are never merged, and persons and organisations never mix. What contradicts is reported,
not mended. The cross-walk: a credit code holds an organisation code, a 15-character tax number ends in one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from puhui.model.identifiers import INNER_ORG_CODE, ORG_CODE, REG_NO, RIC, TAX_NO, USCC, verify
from puhui.model.subject import KIND_OF_LETTER, TOKEN_KIND_AT, SubjectKind, kind_of_uscc
from puhui.subjects.vault import Opened, Record, Vault

CONFLICT, KIND_DIFFERS = "identifier-conflict", "kind-differs"
_SINGLE = (USCC, RIC, ORG_CODE)  # a subject has one of each
_NO_DAY = date.max  # credit codes hold no date
_SOLE_TRADER_SERIALS = "6789"  # GS 15-2006: the first digit of the serial of an individual business


def kind_of(identifier: str, persons: bool) -> SubjectKind:
    """The kind of subject that an identifier stands for; a weak one (organisation code …) says enterprise."""
    kind, _, value = identifier.partition("|")
    if kind == USCC:
        return kind_of_uscc(value)
    if kind == RIC:
        return SubjectKind.PERSON
    if kind == TAX_NO and len(value) == 20:
        return SubjectKind.SOLE_TRADER
    if kind == REG_NO and value[6] in _SOLE_TRADER_SERIALS:
        return SubjectKind.SOLE_TRADER
    return SubjectKind.PERSON if persons and kind.startswith("local:") else SubjectKind.ENTERPRISE


def letters_of(identifiers: pa.StringArray, persons: bool) -> list[str]:
    """The letter of `kind_of` for many at once: what a credit code states is told by its first two characters."""
    heads = pc.utf8_slice_codeunits(identifiers, 0, len(USCC) + 3).dictionary_encode()
    distinct = heads.dictionary.to_pylist()
    stated = [kind_of(head, persons).letter if head.startswith(USCC + "|") else "" for head in distinct]
    letters: list[str] = pa.array(stated, pa.string()).take(heads.indices).to_pylist()
    return [letter or kind_of(identifiers[at].as_py(), persons).letter for at, letter in enumerate(letters)]


def inner_org_codes(identifiers: pa.StringArray) -> pa.StringArray:
    """The organisation code inside each credit code and 15-character tax number, null unless its check digit holds."""
    nothing = pa.scalar(None, pa.string())
    is_credit_code = pc.starts_with(identifiers, USCC + "|")
    credit_codes = pc.if_else(is_credit_code, pc.utf8_slice_codeunits(identifiers, len(USCC) + 1), nothing)
    whole = pa.array((verify(USCC, credit_codes, _NO_DAY).warning & INNER_ORG_CODE) == 0)
    from_code = pc.binary_join_element_wise(ORG_CODE, pc.utf8_slice_codeunits(credit_codes, 8, 17), "|")
    is_tax_no = pc.and_(
        pc.starts_with(identifiers, TAX_NO + "|"), pc.equal(pc.binary_length(identifiers), len(TAX_NO) + 16)
    )
    from_tax_no = pc.binary_join_element_wise(ORG_CODE, pc.utf8_slice_codeunits(identifiers, -9), "|")
    return pc.if_else(pc.and_(is_credit_code, whole), from_code, pc.if_else(is_tax_no, from_tax_no, nothing))


class Adoption:
    """The subjects that one batch adopts or extends. Nothing is stored before `store`."""

    def __init__(self, vault: Vault, identifiers: Sequence[str], created: str, persons: bool) -> None:
        """`identifiers`: all that will be settled; the codes inside them are looked up with them."""
        self._vault = vault
        self._created = created
        self._persons = persons
        inner = inner_org_codes(pa.array(identifiers, pa.string())).to_pylist()
        self._inner = {text: code for text, code in zip(identifiers, inner, strict=True) if code}
        texts = list(dict.fromkeys([*identifiers, *self._inner.values()]))
        self._place_of = {text: place for place, text in enumerate(texts)}
        self._digests = vault.identifier_digests(pa.array(texts, pa.string()))
        tokens = vault.store.tokens_of(self._digests).to_pylist()
        self._token_of = {text: token or "" for text, token in zip(texts, tokens, strict=True)}
        self._opened: dict[str, Opened] = {}
        self._touched: dict[str, None] = {}
        self._index: list[tuple[str, str]] = []
        self.born: set[str] = set()

    def settle(self, identifiers: Sequence[tuple[str, str]]) -> tuple[str, list[tuple[str, str]]]:
        """The token for one tuple of (field, identifier), the most trusted first; (check, field) of what is
        wrong.

        The first identifier wins. The others become further ones of its subject, unless they contradict.
        """
        field, first = identifiers[0]
        wrong: list[tuple[str, str]] = []
        if self._is_new_alone(first, identifiers):
            return self._adopt_new(first), wrong
        agreeing = self._agreeing(identifiers, wrong)
        token = self._token_of.get(first) or self._known_by_another(first, agreeing, wrong)
        fresh = not token
        token = token or self._bear(kind_of(first, self._persons))
        for field, identifier in agreeing:
            owner = self._token_of.get(identifier)
            if owner == token:
                continue
            if owner or not (fresh or self._may_take(token, identifier)):
                wrong.append((CONFLICT, field))
            else:
                self._give(token, identifier)
        return token, wrong

    def _is_new_alone(self, first: str, identifiers: Sequence[tuple[str, str]]) -> bool:
        """Whether the tuple says one identifier only, perhaps twice, and nothing of it is known."""
        inner = self._inner.get(first)
        known = self._token_of.get(first) or (inner and self._token_of.get(inner))
        return not known and all(identifier == first for _, identifier in identifiers)

    def _adopt_new(self, first: str) -> str:
        token = self._bear(kind_of(first, self._persons))
        for identifier in (first, self._inner.get(first)):
            if identifier:
                self._give(token, identifier)
        return token

    def _agreeing(self, identifiers: Sequence[tuple[str, str]], wrong: list[tuple[str, str]]) -> list[tuple[str, str]]:
        """The tuple with the codes inside it, without what contradicts the first or is of the other sort."""
        person = kind_of(identifiers[0][1], self._persons) is SubjectKind.PERSON
        taken: dict[str, str] = {}
        result: list[tuple[str, str]] = []
        for field, identifier in identifiers:
            if (kind_of(identifier, self._persons) is SubjectKind.PERSON) != person:
                continue
            inner = self._inner.get(identifier)
            group = (
                ((_kind(identifier), identifier), (ORG_CODE, inner)) if inner else ((_kind(identifier), identifier),)
            )
            if any(taken.get(kind, text) != text for kind, text in group):
                wrong.append((CONFLICT, field))
                continue
            for kind, text in group:
                if kind in _SINGLE:
                    taken[kind] = text
                result.append((field, text))
        return result

    def _known_by_another(self, first: str, agreeing: Sequence[tuple[str, str]], wrong: list[tuple[str, str]]) -> str:
        """A subject that is known by a weaker identifier of the tuple and may own the first; else empty."""
        for field, identifier in agreeing:
            token = self._token_of.get(identifier, "")
            if not token:
                continue
            if not self._may_own(token, first):
                continue  # reported when the identifier is claimed
            if KIND_OF_LETTER[token[TOKEN_KIND_AT]] is not kind_of(first, self._persons):
                wrong.append((KIND_DIFFERS, field))
            return token
        return ""

    def _may_own(self, token: str, identifier: str) -> bool:
        """A sole trader is no company, and nobody has two credit codes."""
        theirs, ours = KIND_OF_LETTER[token[TOKEN_KIND_AT]], kind_of(identifier, self._persons)
        if theirs is not ours and SubjectKind.SOLE_TRADER in (theirs, ours):
            return False
        kind = _kind(identifier)
        return kind not in _SINGLE or not any(k == kind for k, _ in self._record_of(token).record.identifiers)

    def _give(self, token: str, identifier: str) -> None:
        kind, _, value = identifier.partition("|")
        self._record_of(token).record.identifiers.append((kind, value))
        self._touched[token] = None
        self._token_of[identifier] = token
        self._index.append((identifier, token))

    def _may_take(self, token: str, identifier: str) -> bool:
        """Whether the subject has no other identifier of a kind that one has once."""
        kind, _, value = identifier.partition("|")
        owned = self._record_of(token).record.identifiers
        return kind not in _SINGLE or not any(k == kind and v != value for k, v in owned)

    def _bear(self, kind: SubjectKind) -> str:
        ((token,), (key,)) = self._vault.new(kind.letter)
        self._opened[token] = Opened(token, self._created, Record([], [], []), key)
        self.born.add(token)
        return token

    # --- records ---

    def _record_of(self, token: str) -> Opened:
        if token not in self._opened:
            self._opened |= self._vault.open_records([token])
        return self._opened[token]

    def fetch(self, tokens: Iterable[str]) -> None:
        """Opens these subjects' records in one go."""
        self._opened |= self._vault.open_records([token for token in tokens if token not in self._opened])

    def change(self, token: str) -> Opened:
        """The subject's record, to be stored again at the end."""
        self._touched[token] = None
        return self._record_of(token)

    def store(self) -> None:
        """Writes everything within the vault's batch."""
        store, vault = self._vault.store, self._vault
        born = [self._opened[token] for token in self.born]
        tokens, keys, records = [o.token for o in born], [o.key for o in born], [o.record for o in born]
        store.add(vault.sealed_new(tokens, keys, records, self._created))
        store.replace(vault.sealed(self._opened[token] for token in self._touched if token not in self.born))
        places = np.array([self._place_of[identifier] for identifier, _ in self._index], np.int64)
        store.index(self._digests[places], [token for _, token in self._index])


def indexed_texts(record: Record) -> list[str]:
    """A record's identifiers as the index has them."""
    return [f"{kind}|{value}" for kind, value in record.identifiers]


def _kind(identifier: str) -> str:
    return identifier.partition("|")[0]
