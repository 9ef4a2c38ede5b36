"""Keyed digests: what the vault finds identifiers and names by, so that it need not hold them.

Promises: a digest is AES-256-CMAC (NIST SP 800-38B) of the text, 128 bits; without the key nobody can tell a digest
from chance. Half a million texts take as long as a hundred: each step of the chain is one call for all texts of a
length.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.cmac import CMAC

ALGORITHM = "AES-256-CMAC"
SIZE = 16
_PART = 1 << 15  # texts in one call: as many as stay near the processor
Digests = npt.NDArray[np.uint8]  # one row of SIZE bytes for each text
_Words = npt.NDArray[np.uint64]  # the same bytes, eight at a time
_Encrypt = Callable[[bytes], bytes]  # any number of whole blocks, each for itself


def digests(key: bytes, texts: pa.Array) -> Digests:
    """The digest of each text (string or binary, no nulls). `key`: 32 bytes that serve nothing else."""
    encrypt: _Encrypt = Cipher(algorithms.AES(key), modes.ECB()).encryptor().update
    lengths = pc.binary_length(texts)
    found = np.empty((len(texts), SIZE), np.uint8)
    for length in pc.unique(lengths).to_pylist():
        alike = pc.equal(lengths, length)
        chosen = texts if pc.all(alike).as_py() else texts.filter(alike)
        of_length = _bytes_of(chosen, length)
        parts = [_chained(encrypt, of_length[at : at + _PART]) for at in range(0, len(chosen), _PART)]
        found[alike.to_numpy(zero_copy_only=False)] = np.concatenate(parts)
    return found


def digest(key: bytes, text: bytes) -> bytes:
    """The digest of one text."""
    chain = CMAC(algorithms.AES(key))
    chain.update(text)
    return chain.finalize()


def distinct(found: Digests) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
    """For each digest the number of its text, and for each number the first place where it stands."""
    halves = np.ascontiguousarray(found).view(np.int64).reshape(-1, 2)
    numbers, first = numbered(halves[:, 0])
    if (halves[first[numbers]] == halves).all():
        return numbers, first
    # two texts share the first half of a digest once in a million large files
    _, places, order = np.unique(found.view(f"V{SIZE}"), return_index=True, return_inverse=True)
    return order.reshape(-1).astype(np.int32), places.astype(np.int64)


def numbered(values: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
    """For each value a number, equal for equal ones, from 0; and for each number the first place where it stands."""
    order = np.argsort(values)
    ordered = values[order]
    begins = np.ones(len(values), np.bool_)
    begins[1:] = ordered[1:] != ordered[:-1]
    if begins.all():  # often each stands once
        return np.arange(len(values), dtype=np.int32), np.arange(len(values))
    numbers = np.empty(len(values), np.int32)
    numbers[order] = np.cumsum(begins, dtype=np.int32) - 1
    return numbers, np.minimum.reduceat(order, np.nonzero(begins)[0])


def _bytes_of(texts: pa.Array, length: int) -> npt.NDArray[np.uint8]:
    """Texts of one length as a matrix of bytes."""
    _, offsets, data = texts.cast(pa.binary()).buffers()
    if not length or data is None:
        return np.empty((len(texts), 0), np.uint8)
    start = int(np.frombuffer(offsets, np.int32, 1, texts.offset * 4)[0])
    return np.frombuffer(data, np.uint8, len(texts) * length, start).reshape(len(texts), length)


def _chained(encrypt: _Encrypt, messages: npt.NDArray[np.uint8]) -> Digests:
    """CMAC of messages of one length: the last block is masked by a subkey that says whether it was padded."""
    count, length = messages.shape
    blocks = max(1, -(-length // SIZE))
    padded = np.zeros((count, blocks * SIZE), np.uint8)
    padded[:, :length] = messages
    whole = length == blocks * SIZE
    if not whole:
        padded[:, length] = 0x80
    padded[:, -SIZE:] ^= np.frombuffer(_subkeys(encrypt)[0 if whole else 1], np.uint8)
    words = padded.view(np.uint64).reshape(count, blocks, 2)
    state: _Words = np.zeros((count, 2), np.uint64)
    for block in range(blocks):
        mixed = state ^ words[:, block]
        state = np.frombuffer(encrypt(mixed.tobytes()), np.uint64).reshape(count, 2)
    return state.view(np.uint8).reshape(count, SIZE)


def _subkeys(encrypt: _Encrypt) -> tuple[bytes, bytes]:
    """K1 for whole last blocks, K2 for padded ones (SP 800-38B, 6.1)."""
    first = _doubled(encrypt(bytes(SIZE)))
    return first, _doubled(first)


def _doubled(block: bytes) -> bytes:
    """Twice a block, in the field of 2^128 elements."""
    number = int.from_bytes(block) << 1
    return ((number ^ 0x87) & ((1 << 128) - 1) if number >> 128 else number).to_bytes(SIZE)
