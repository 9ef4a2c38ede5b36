"""Letters and contracts that somebody changed in the tables: nothing is answered by them, and they are found."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from puhui.consent.sealing import open_sealed, seal
from puhui.desk.letter_checks import Finding, check_letters
from puhui.desk.letter_states import letter_file
from puhui.model.refusals import Broken
from puhui.wire.letters import KeyEvidence, LetterFile, document_bytes, read_form

from .asking import Asker, ask
from .town import FIRM, Office, erase


def row_of(office: Office, name: str = "firm") -> Any:
    from puhui.records import models

    return models.Letter.objects.get(pk=office.letters[name])


def save(row: Any, **columns: Any) -> None:
    """A thief's change of a row, behind the back of every adapter."""
    type(row).objects.filter(pk=row.pk).update(**columns)


def of_another(office: Office) -> None:
    """The sealed document of another letter of the same subject."""
    save(row_of(office), sealed=row_of(office, "no-tax").sealed)


def one_byte(office: Office) -> None:
    row = row_of(office)
    body = bytearray(bytes(row.sealed))
    body[-1] ^= 1
    save(row, sealed=bytes(body))


def other_evidence(office: Office) -> None:
    """By somebody who has the subject's key too: another signature under the same document."""
    row, key = row_of(office), office.letter_rooms.records.record_key(row_of(office).subject)
    file = read_form(open_sealed(key, bytes(row.sealed), row.pk), LetterFile)
    other = read_form(open_sealed(key, bytes(row_of(office, "no-tax").sealed), office.letters["no-tax"]), LetterFile)
    assert isinstance(other.evidence, KeyEvidence)
    forged = document_bytes(LetterFile(v=1, document=file.document, evidence=other.evidence))
    save(row, sealed=seal(key, forged, row.pk))


def no_letter(office: Office) -> None:
    row, key = row_of(office), office.letter_rooms.records.record_key(row_of(office).subject)
    save(row, sealed=seal(key, b"{}", row.pk))


def column(**changed: Any) -> Callable[[Office], None]:
    return lambda office: save(row_of(office), **changed)


SPOILED: dict[str, tuple[Callable[[Office], None], list[str]]] = {
    "another letter's document": (of_another, ["sealed"]),
    "one byte": (one_byte, ["sealed"]),
    "another evidence": (other_evidence, ["evidence"]),
    "no letter at all": (no_letter, ["form"]),
    "more items": (column(items={"SWJ-06": "written_consent", "RSJ-01": "written_consent"}), ["items"]),
    "another institution": (column(institution="bank-b"), ["institution"]),
    "more uses": (column(cap=9999, window="month"), ["cap", "window"]),
    "a longer time": (lambda o: save(row_of(o), end=row_of(o).end + timedelta(days=900)), ["end"]),
    "another purpose": (column(purpose="guarantee"), ["purpose"]),
    "a value that nobody stated": (column(stated=["paid"]), ["stated"]),
    "another digest": (column(digest=b"x" * 32), ["digest"]),
    "another signer": (column(signer="G-nobody"), ["signer"]),
}


@pytest.mark.parametrize("how", SPOILED)
def test_what_was_changed_is_found(office: Office, how: str) -> None:
    assert check_letters(office.letter_rooms).findings == ()
    spoil, parts = SPOILED[how]
    spoil(office)
    found = check_letters(office.letter_rooms)
    assert found.findings == tuple(Finding(office.letters["firm"], part) for part in parts)
    assert found.letters == len(office.letters) and found.erased == 0


def test_a_letter_moved_to_another_subject_does_not_open(office: Office) -> None:
    """A letter of BEN's under FIRM's token: the key is another one, so neither question nor court gets it."""
    save(row_of(office, "ben"), subject=row_of(office).subject)
    found = check_letters(office.letter_rooms)
    assert found.findings == (Finding(office.letters["ben"], "sealed"),)
    with pytest.raises(Broken):
        letter_file(office.letter_rooms, office.letters["ben"], by="anna", reason="a court asks")


def test_letters_of_the_erased_are_counted_alone(office: Office) -> None:
    from .town import ERASED

    erase(office.desk, ERASED.value)
    found = check_letters(office.letter_rooms)
    assert (found.findings, found.erased) == ((), 1)


def test_a_contract_that_was_changed_answers_nothing(office: Office) -> None:
    """`contract-broken` to the institution, in the log too, while others are served as before."""
    from puhui.records import models

    row = models.Contract.objects.get(institution_id="bank-a")
    document = bytes(row.document).replace(b'"firm_capital_loan"', b'"firm_capital_lend"')
    assert document != bytes(row.document)
    save(row, document=document)
    (reply,) = ask(office, Asker(office).question(FIRM))
    assert (reply.status, reply.code, reply.signed) == (503, "contract-broken", True)
    assert office.codes() == ["contract-broken"]
    (other,) = ask(office, Asker(office, "bank-b").question(FIRM, "of-b", product="paid_band"))
    assert other.code == "" and office.check() == []
