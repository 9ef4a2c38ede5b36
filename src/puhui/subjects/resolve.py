"""Rows that state a name only: matched with a confidence, or left to a steward.

Promises: a masked name, a person's name and a name that two bodies bear are never linked automatically. A
steward's decision is remembered for the next delivery of the same name from the same source. Names stay
sealed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

import msgspec

from puhui.model.refusal import Said
from puhui.model.refusals import NoSubject, NotAllowed, UnknownName
from puhui.subjects.authority import SourceOfNames
from puhui.subjects.names import NameMatcher as NameMatcher
from puhui.subjects.names import (
    NameParts,
    is_masked,
    looks_like_person,
    masked_name,
    may_be_one,
    normal_name,
)
from puhui.subjects.store import SealedCase
from puhui.subjects.vault import Record, Vault

LINK_AT, LOOK_AT = 0.99, 0.5  # link at or above the first; below the second a pair is no candidate
UNSURE, NO_MATCH, MASKED, PERSON, DISMISSED = (
    "name-unsure", "name-unknown", "name-masked", "person-by-name", "name-dismissed",
)  # fmt: skip
OPEN, LINKED, DECLINED, AUTOMATIC = "open", "linked", "dismissed", "automatic"


class Candidate(msgspec.Struct, frozen=True, array_like=True):
    """A subject that a name may mean: token, its name masked, probability."""

    token: str
    name: str
    confidence: float


class _Body(msgspec.Struct, array_like=True):
    resource: str
    name: str
    opened: str
    parcels: list[str]
    candidates: list[Candidate]
    by: str = ""
    reason: str = ""
    decided: str = ""

    def __repr__(self) -> str:
        return "_Body('…')"


@dataclass(frozen=True, slots=True)
class ResolveCase:
    """A name that a steward must place. `name` is masked; `parcels`: digests of those that brought it."""

    id: str
    resource: str
    name: str
    opened: str
    parcels: tuple[str, ...]
    candidates: tuple[Candidate, ...]
    state: str
    token: str = ""


@dataclass(frozen=True, slots=True)
class NameMatch:
    """A token with its confidence, or the check that says why there is none."""

    token: str = ""
    confidence: float = 0.0
    check: str = ""
    candidates: tuple[Candidate, ...] = ()


def resolve_names(
    vault: Vault, matcher: NameMatcher, resource: str, names: Iterable[str], source: SourceOfNames
) -> dict[str, NameMatch]:
    """A match for each name, and a case for each that is unsure. Within the vault's batch."""
    ordered = sorted(set(names) - {""})
    result = {name: _excluded(name) or _decided(vault, resource, name) for name in ordered}
    rest = [name for name in ordered if result[name] is None]
    result |= _exact(vault, rest)
    rest = [name for name in rest if result[name] is None]
    result |= _similar(vault, matcher, rest)
    for name, match in result.items():
        if match and (match.check == UNSURE or (match.token and match.confidence < 1.0)):
            _note(vault, resource, name, match, source)
    return {name: match or NameMatch(check=NO_MATCH) for name, match in result.items()}


def _excluded(name: str) -> NameMatch | None:
    if is_masked(name):
        return NameMatch(check=MASKED)
    if looks_like_person(name):
        return NameMatch(check=PERSON)
    return None if normal_name(name) else NameMatch(check=NO_MATCH)


def _decided(vault: Vault, resource: str, name: str) -> NameMatch | None:
    """What a steward decided about this name from this source."""
    case = vault.store.case(_case_key(vault, resource, name))
    if case is None or case.state in (OPEN, AUTOMATIC):
        return None
    return NameMatch(case.token, 1.0) if case.state == LINKED else NameMatch(check=DISMISSED)


def _exact(vault: Vault, names: Sequence[str]) -> dict[str, NameMatch | None]:
    """Equal normal forms: one bearer is linked, several are unsure."""
    digests = [vault.name_digests(vault.places.parts(name))[0] for name in names]
    found: dict[str, NameMatch | None] = {}
    for name, tokens in zip(names, vault.store.tokens_named(digests), strict=True):
        if len(tokens) == 1:
            found[name] = NameMatch(tokens[0], 1.0)
        elif tokens:
            found[name] = NameMatch(check=UNSURE, candidates=_candidates(vault, dict.fromkeys(tokens, 0.5)))
        else:
            found[name] = None
    return found


def _similar(vault: Vault, matcher: NameMatcher, names: Sequence[str]) -> dict[str, NameMatch | None]:
    """Names that are not equal to any: first those with the same core, then every name of the zone."""
    asked = {name: vault.places.parts(name) for name in names}
    same_core = _same_core(vault, asked)
    scored = _scored(vault, matcher, asked, same_core)
    left = {name: parts for name, parts in asked.items() if not scored.get(name)}
    if left:
        scored |= _scored(vault, matcher, left, _sharing(vault, left))
    return {name: _judged(vault, scored.get(name, {})) for name in names}


def _same_core(vault: Vault, asked: dict[str, NameParts]) -> dict[str, list[NameParts]]:
    digests = [vault.name_digests(parts)[1] for parts in asked.values()]
    tokens = sorted({token for group in vault.store.tokens_named(digests) for token in group})
    opened = vault.open_records(tokens)
    return {token: _names(vault, one.record) for token, one in opened.items()}


def _sharing(vault: Vault, asked: dict[str, NameParts]) -> dict[str, list[NameParts]]:
    """Every organisation with a name that shares two pairs of neighbours with those that are asked."""
    wanted = {pair for parts in asked.values() for pair in _pairs(parts.core)}
    found = {}
    for token, record in vault.every_organisation():
        near = [p for p in _names(vault, record) if sum(pair in wanted for pair in _pairs(p.core)) >= 2]
        if near:
            found[token] = near
    return found


def _pairs(text: str) -> set[str]:
    return {text[i : i + 2] for i in range(len(text) - 1)}


def _names(vault: Vault, record: Record) -> list[NameParts]:
    return [vault.places.parts(name) for name in dict.fromkeys(entry.name for entry in record.names)]


def _scored(
    vault: Vault, matcher: NameMatcher, asked: dict[str, NameParts], known: dict[str, list[NameParts]]
) -> dict[str, dict[str, float]]:
    """name → token → best probability, of pairs whose places and forms do not contradict."""
    names, left = list(asked), list(asked.values())
    right = [(token, parts) for token, group in known.items() for parts in group]
    if not left or not right:
        return {}
    result: dict[str, dict[str, float]] = {}
    for i, j, probability in matcher.score(left, [parts for _, parts in right]):
        token, parts = right[j]
        if probability >= LOOK_AT and may_be_one(left[i], parts):
            best = result.setdefault(names[i], {})
            best[token] = max(best.get(token, 0.0), probability)
    return result


def _judged(vault: Vault, scores: dict[str, float]) -> NameMatch | None:
    """Linked where one candidate is sure and no other is near; unsure where there is any candidate."""
    ranked = sorted(scores.items(), key=lambda pair: (-pair[1], pair[0]))
    if not ranked:
        return None
    token, best = ranked[0]
    if best >= LINK_AT and len(ranked) == 1:
        return NameMatch(token, best, candidates=_candidates(vault, scores))
    return NameMatch(check=UNSURE, candidates=_candidates(vault, dict(ranked[:10])))


def _candidates(vault: Vault, scores: dict[str, float]) -> tuple[Candidate, ...]:
    opened = vault.open_records(list(scores))
    return tuple(
        Candidate(token, masked_name(opened[token].record.current_name()), round(score, 4))
        for token, score in scores.items()
        if token in opened
    )


# --- cases ---


def _case_key(vault: Vault, resource: str, name: str) -> bytes:
    return vault.digests((f"case|{resource}|{normal_name(name)}".encode(),))[0]


def _note(vault: Vault, resource: str, name: str, match: NameMatch, source: SourceOfNames) -> None:
    """Opens or renews the case of a name. A second run of the same parcel changes nothing but candidates."""
    key = _case_key(vault, resource, name)
    old = vault.store.case(key)
    body = _body(vault, old) if old else _Body(resource, name, source.at.isoformat(), [], [])
    if source.parcel not in body.parcels:
        body.parcels.append(source.parcel)
    body.candidates = list(match.candidates)
    _put(vault, key, OPEN if match.check else AUTOMATIC, match.token, body)


def _put(vault: Vault, key: bytes, state: str, token: str, body: _Body) -> None:
    sealed = vault.seal_note(msgspec.msgpack.encode(body), key)
    vault.store.put_case(SealedCase(key, state, token, *sealed))


def _body(vault: Vault, case: SealedCase) -> _Body:
    plain = vault.open_note(case.cipher, case.sealed_by, case.body, case.key)
    return msgspec.msgpack.decode(plain, type=_Body)


def case_of(vault: Vault, resource: str, name: str) -> str:
    """The id that a case of this name from this resource has, whether or not there is one."""
    return _case_key(vault, resource, name).hex()


def open_cases(vault: Vault, *, resource: str = "") -> list[ResolveCase]:
    """The steward's list: names that wait for a decision, of one resource or all, by id."""
    cases = [_shown(vault, case) for case in vault.store.cases() if case.state == OPEN]
    return [case for case in cases if not resource or case.resource == resource]


def _shown(vault: Vault, case: SealedCase) -> ResolveCase:
    body = _body(vault, case)
    shown = masked_name(body.name)
    parcels, candidates = tuple(body.parcels), tuple(body.candidates)
    return ResolveCase(case.key.hex(), body.resource, shown, body.opened, parcels, candidates, case.state, case.token)


def decide(vault: Vault, case_id: str, token: str | None, *, by: str, reason: str, at: date) -> ResolveCase:
    """A steward's word: the name means this subject, or nobody here (None). Binds the next deliveries too.

    Returns the decided case; its parcels are to be corrected by the caller.
    Raises UnknownName, NotAllowed, NoSubject.
    """
    key = bytes.fromhex(case_id) if _is_hex(case_id) else b""
    with vault.batch():
        case = vault.store.case(key)
        if case is None:
            raise _no_case()
        if not by or not reason:
            raise _no_reason()
        if token and not vault.store.records([token]):
            raise _no_subject()
        body = _body(vault, case)
        body.by, body.reason, body.decided = by, reason, at.isoformat()
        _put(vault, key, LINKED if token else DECLINED, token or "", body)
        decided = vault.store.case(key)
    if decided is None:
        raise _no_case()
    return _shown(vault, decided)


def forget(vault: Vault, token: str) -> None:
    """Takes an erased subject out of all cases: those that name it are dropped."""
    for case in vault.store.cases():
        if case.token == token or any(c.token == token for c in _body(vault, case).candidates):
            vault.store.drop_case(case.key)


def _is_hex(text: str) -> bool:
    return bool(text) and len(text) % 2 == 0 and all(c in "0123456789abcdef" for c in text)


def _no_case() -> UnknownName:
    return UnknownName(
        Said("没有这个待核对项", "there is no such case to resolve"),
        todo=Said("用 puhui resolve list 查看编号", "see the ids with puhui resolve list"),
    )


def _no_reason() -> NotAllowed:
    return NotAllowed(
        Said("核对决定须有经办人和理由", "a decision needs an officer and a reason"),
        todo=Said("补充 --by 与 --reason", "give --by and --reason"),
    )


def _no_subject() -> NoSubject:
    return NoSubject(
        Said("没有这个主体", "there is no such subject"),
        todo=Said("选择列出的候选之一", "choose one of the candidates that are listed"),
    )
