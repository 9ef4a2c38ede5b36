"""Checks of what an answer rests on, its letter, and of what it is made of: definitions and editions."""

from __future__ import annotations

import re

from puhui.model.question import BasisKind
from puhui.model.refusal import Said
from puhui.model.refusals_question import NotVerified
from puhui.wire.letters import (
    LETTER,
    AttendedEvidence,
    LetterDocument,
    LetterFile,
    PasskeyEvidence,
    check_letter_file,
    digest_of,
    document_bytes,
    names_signer,
    read_form,
    read_letter,
    time_of,
)
from puhui.wire.notes import decode_hash
from puhui.wire.verify_case import Case, Check, Outcome, fail

_HEX = re.compile(r"[0-9a-f]{64}")
_EDITION = re.compile(r"[0-9a-f]{64}|(rollback|redaction):[^:]+:[0-9]+")


def letter_digest(case: Case) -> Said | Check:
    """A letter that is at hand is the one whose digest the record names, and covers what was answered."""
    basis = case.record.basis
    if basis is None or basis.kind != BasisKind.LETTER.value:
        if case.letters:
            fail("该答复不以授权书为依据", "the answer does not rest on a letter")
        return Check("letter-digest", Outcome.ABSENT, Said("不以授权书为依据", "the answer does not rest on a letter"))
    wanted = decode_hash(basis.digest)
    for letter in case.letters:
        document = _document(letter)
        if digest_of(document_bytes(document)) != wanted or document.id != basis.id:
            fail("授权书不是答复所依据的那一份", "this is not the letter that the answer rests on")
        _fits(document, case)
    if not case.letters:
        return Check(
            "letter-digest", Outcome.ABSENT, Said("未附授权书", "the letter was not given; its digest is there")
        )
    return Said("授权书与答复所记摘要一致", "the letter has the digest that the answer names")


def _document(letter: bytes) -> LetterDocument:
    """The document of a letter file, or of bare bytes."""
    try:
        return read_form(letter, LetterFile).document
    except NotVerified:
        return read_letter(letter)


def _fits(letter: LetterDocument, case: Case) -> None:
    record, about = case.record, case.question.about
    wanted = (record.institution, record.end_user or record.institution, record.purpose)
    if (letter.institution.id, letter.end_user or letter.institution.id, letter.purpose) != wanted:
        fail("授权书的对象或用途与答复不符", "the letter is for another institution, end user or purpose")
    if letter.grantor.kind == about.kind and letter.grantor.value != about.value:
        fail("授权书由另一主体签署", "the letter is another subject's")
    if not time_of(letter.start) <= case.at < time_of(letter.end):
        fail("答复不在授权书的有效期内", "the answer is outside of the letter's period")


def letter_evidence(case: Case) -> Said | Check:
    """The letter's signature is its signer's."""
    if not case.letters:
        return Check("letter-evidence", Outcome.ABSENT, Said("未附授权书", "no letter was given"))
    evident = [letter for letter in case.letters if _is_letter_file(letter)]
    if not evident:
        return Check(
            "letter-evidence", Outcome.ABSENT, Said("未附签署凭证", "the letter was given without its evidence")
        )
    for letter in evident:
        _check_evidence(letter, case)
    return Said("授权书的签署凭证成立", "the evidence of the letter's signature holds")


def _is_letter_file(letter: bytes) -> bool:
    try:
        read_form(letter, LetterFile)
    except NotVerified:
        return False
    return True


def _check_evidence(letter: bytes, case: Case) -> None:
    """A key's evidence is checked by the letter's own reader; the other ways by who called us, if they can."""
    file = read_form(letter, LetterFile)
    holds = check_letter_file(letter).evidence
    if case.checkers is not None and isinstance(file.evidence, PasskeyEvidence):
        holds = case.checkers.passkey(file.evidence, digest_of(document_bytes(file.document)), case.zone.letters)
    elif case.checkers is not None and isinstance(file.evidence, AttendedEvidence):
        digest = digest_of(document_bytes(file.document))
        holds = case.checkers.attended(file.evidence, LETTER, digest, case.zone.letters)
    if holds is None:
        fail("此处无法核验这种签署凭证", "this way of evidence cannot be checked here")
    if not holds or not names_signer(file.document.signer, file.evidence):
        fail("授权书的签署凭证不成立", "the evidence of the letter's signature does not hold")


def definitions(case: Case) -> Said:
    """Every item names the digest of its definition, and the record that of the set of packs."""
    names = [item.name for item in case.record.items]
    if not names or len(names) != len(set(names)):
        fail("事项缺失或重复", "there is no item, or one stands twice")
    digests = [case.record.pack_set, *(item.definition for item in case.record.items)]
    if not all(map(_HEX.fullmatch, digests)):
        fail("定义摘要的格式不符", "a definition's digest has another form")
    return Said(f"{len(names)} 个事项各有定义摘要", f"each of {len(names)} items names the digest of its definition")


def editions(case: Case) -> Said:
    """Every edition of data that was read is named by resource, number and digest."""
    editions = case.record.editions
    names = [name for name, _, _ in editions]
    if not names or len(names) != len(set(names)) or not all(names):
        fail("数据版本缺失或重复", "there is no edition, or a resource stands twice")
    if not all(number > 0 and _EDITION.fullmatch(digest) for _, number, digest in editions):
        fail("数据版本的编号或摘要格式不符", "an edition's number or digest has another form")
    return Said(f"{len(names)} 个数据版本各有摘要", f"each of {len(names)} editions is named by number and digest")
