"""Keyed digests of many texts at once are those of the standard, text by text."""

from __future__ import annotations

import random

import numpy as np
import pyarrow as pa
import pytest
from cryptography.hazmat.primitives.ciphers import algorithms
from cryptography.hazmat.primitives.cmac import CMAC

from puhui.subjects import keyed

KEY = bytes(range(32))


def standard(text: bytes) -> bytes:
    chain = CMAC(algorithms.AES(KEY))
    chain.update(text)
    return chain.finalize()


def test_digests_are_aes_cmac_for_every_length() -> None:
    draw = random.Random(7)
    texts = [draw.randbytes(length) for length in [*range(70), *range(70), 16, 16, 32, 1000]]
    found = keyed.digests(KEY, pa.array(texts, pa.binary()))
    assert [row.tobytes() for row in found] == [standard(text) for text in texts]
    assert keyed.digest(KEY, texts[20]) == standard(texts[20])


def test_the_published_examples_come_out() -> None:
    """NIST SP 800-38B, appendix D.3: AES-256."""
    key = bytes.fromhex("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4")
    message = bytes.fromhex("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411e5fbc119")
    found = keyed.digests(key, pa.array([b"", message[:16], message[:40]], pa.binary()))
    assert [row.tobytes().hex() for row in found] == [
        "028962f61b7bf89efc6b551f4667d983", "28a7023f452e8f82bd4bf28d8c37c35c", "aaf3d8f1de5640c232f5b169b9c911e6",
    ]  # fmt: skip


def test_a_part_of_a_column_gives_its_own_digests() -> None:
    texts = pa.array(["uscc|a", "uscc|b", "ric|ccc", "uscc|d", "ric|eee"])
    whole = keyed.digests(KEY, texts)
    assert (keyed.digests(KEY, texts.slice(1, 3)) == whole[1:4]).all()
    assert keyed.digests(KEY, texts.slice(5)).shape == (0, keyed.SIZE)


def test_more_texts_than_fit_in_one_call(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = pa.array([f"uscc|{number:05}" for number in range(10)])
    whole = keyed.digests(KEY, texts)
    monkeypatch.setattr(keyed, "_PART", 3)
    assert (keyed.digests(KEY, texts) == whole).all()


def test_equal_texts_share_a_number_and_the_first_place() -> None:
    digests = keyed.digests(KEY, pa.array(["a", "b", "a", "c", "b", "a"]))
    numbers, first = keyed.distinct(digests)
    assert sorted(first.tolist()) == [0, 1, 3]
    assert first[numbers].tolist() == [0, 1, 0, 3, 1, 0]


def test_digests_that_share_a_half_only_are_told_apart() -> None:
    digests = keyed.digests(KEY, pa.array(["a", "b", "a", "c"]))
    digests[3, :8] = digests[0, :8]
    numbers, first = keyed.distinct(digests)
    assert first[numbers].tolist() == [0, 1, 0, 3]


def test_numbers_of_values_that_stand_once() -> None:
    numbers, first = keyed.numbered(np.array([5, -3, 9], np.int64))
    assert (numbers.tolist(), first.tolist()) == ([0, 1, 2], [0, 1, 2])
    assert keyed.numbered(np.zeros(0, np.int64))[1].tolist() == []
