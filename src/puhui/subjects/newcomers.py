"""Newcomers: the new subjects of a parcel that say one identifier each and touch nobody else, adopted all at once.

They are nearly all new subjects, and there may be half a million of them. Promises: exactly what `Adoption.settle`
would do with them one by one, in any order; whatever might depend on another row is left to it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from puhui.subjects.adoption import inner_org_codes, letters_of
from puhui.subjects.keyed import SIZE, Digests
from puhui.subjects.vault import Record, Vault

Codes = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Newcomers:
    """`codes`: which texts of the parcel became a subject each; `tokens`: theirs."""

    codes: Codes
    tokens: list[str]


def adopt_newcomers(
    vault: Vault,
    texts: pa.StringArray,
    digests: Digests,
    open_codes: npt.NDArray[np.int32],
    known: npt.NDArray[np.bool_],
    *,
    created: str,
    persons: bool,
) -> Newcomers:
    """Adopts, within the vault's batch, every identifier that its rows state alone and that is nobody's.

    `texts` and their `digests`: the parcel's identifiers, `known`: which of them the vault has. `open_codes`: of the
    rows to settle, rows × fields, index into `texts`, -1 if blank.
    """
    asked = np.unique(open_codes[open_codes >= 0]).astype(np.int64)
    inner = inner_org_codes(texts.take(pa.array(asked)))
    inner_digests = _digests_of(vault, inner)
    alone = _said_alone(asked, open_codes) & ~known[asked]
    chosen = np.nonzero(alone & _inner_is_free(vault, inner, inner_digests, digests[asked]))[0]
    codes = asked[chosen]
    mine, mine_inner = texts.take(pa.array(codes)), inner.take(pa.array(chosen))
    tokens = _adopt(vault, mine, mine_inner, created, persons)
    filled = pc.is_valid(mine_inner)
    both = np.concatenate([digests[codes], inner_digests[chosen][filled.to_numpy(zero_copy_only=False)]])
    vault.store.index(both, tokens + pa.array(tokens, pa.string()).filter(filled).to_pylist())
    return Newcomers(codes, tokens)


def _digests_of(vault: Vault, inner: pa.StringArray) -> Digests:
    """Digests of those that are filled, zeroes for the others."""
    filled = pc.is_valid(inner).to_numpy(zero_copy_only=False)
    digests = np.zeros((len(inner), SIZE), np.uint8)
    digests[filled] = vault.identifier_digests(inner.drop_null())
    return digests


def _said_alone(asked: Codes, rows: npt.NDArray[np.int32]) -> npt.NDArray[np.bool_]:
    """Of each code that is asked for whether all its rows say nothing else."""
    first = rows.max(1)
    mixed = rows[((rows != first[:, None]) & (rows >= 0)).any(1)]
    return ~np.isin(asked, mixed)


def _inner_is_free(
    vault: Vault, inner: pa.StringArray, inner_digests: Digests, asked_digests: Digests
) -> npt.NDArray[np.bool_]:
    """Whether a code is not inside another one, and the code inside it unknown to the vault, not stated in the parcel
    and inside no other."""
    filled = pc.is_valid(inner).to_numpy(zero_copy_only=False)
    known = np.zeros(len(inner), np.bool_)
    known[filled] = pc.is_valid(vault.store.tokens_of(inner_digests[filled])).to_numpy(zero_copy_only=False)
    # half a digest will do: where two share it by chance, both are settled one by one
    keys = inner_digests[:, :8].copy().view(np.uint64).reshape(-1)
    stated = asked_digests[:, :8].copy().view(np.uint64).reshape(-1)
    _, where, times = np.unique(keys, return_inverse=True, return_counts=True)
    taken = filled & (known | (times[where] > 1) | np.isin(keys, stated))
    return np.asarray(~taken & ~np.isin(stated, keys[filled]), np.bool_)


def _adopt(vault: Vault, texts: pa.StringArray, inner: pa.StringArray, created: str, persons: bool) -> list[str]:
    """A subject for each text, with the code inside it; the token of each."""
    tokens, keys = vault.new(letters_of(texts, persons))
    identifiers = zip(texts.to_pylist(), inner.to_pylist(), strict=True)
    records = (Record([_split(text) for text in both if text], [], []) for both in identifiers)
    vault.store.add(vault.sealed_new(tokens, keys, records, created))
    return tokens


def _split(text: str) -> tuple[str, str]:
    kind, _, value = text.partition("|")
    return kind, value
