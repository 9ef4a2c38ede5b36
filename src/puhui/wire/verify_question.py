"""Checks of an answer file's form, of the question and the answer in it, and of the keys at that time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from msgspec import UNSET

from puhui.model.question import Question
from puhui.model.refusal import Said
from puhui.wire.answers import AnswerFile, RecordForm, RequestForm, answer_id, read_answer, read_answer_file
from puhui.wire.http_signatures import SKEW, HttpRequest, check_signature, parse_answer, parse_request, raw
from puhui.wire.messages import digest_in_batch, read_batch, read_question
from puhui.wire.notes import TlogProof, encode_base64
from puhui.wire.verify_case import Case, fail

_REQUEST_HEADERS = {"content-type", "content-digest", "idempotency-key", "signature-input", "signature"}
_ANSWER_HEADERS = _REQUEST_HEADERS - {"idempotency-key"}


def file_form(case: Case) -> Said:
    """The file is its own canonical form, and holds a question, an answer to it, and nothing else."""
    case.file = read_answer_file(case.raw)
    response, requests = case.file.response, _requests(case.file)
    if set(response.headers) != _ANSWER_HEADERS or any(set(one.headers) != _REQUEST_HEADERS for one in requests):
        fail("答复文件的消息头不符", "the file has other headers than the messages")
    if any(_content(one) != _content(requests[0]) for one in requests):
        fail("两次提问的内容不同", "the two tries ask different things")
    if response.status != 200:
        fail("文件中的不是答复", "the file holds no answer: its status is another than 200")
    case.body = read_answer(response.body.encode())
    if case.file.letter is not UNSET:
        case.letters.append(case.file.letter.encode())
    if case.file.proof is not UNSET:
        case.proof = TlogProof.parse(case.file.proof)
    return Said("文件是规范形式", "the file is its own canonical form")


def _requests(file: AnswerFile) -> list[RequestForm]:
    """The request that the record names, and the later try that the answer was given to, where there is one."""
    return [file.request] if file.earlier is UNSET else [file.earlier, file.request]


def _content(request: RequestForm) -> tuple[str, ...]:
    """What two tries of one question share."""
    return (request.method, request.authority, request.path, request.body, request.headers["idempotency-key"])


def question_signature(case: Case) -> Said:
    """The question is of the signature profile, and signed by the institution's key that it names; each try of it."""
    for sent in _requests(case.file):
        headers = raw(tuple(sent.headers.items()))
        signed = parse_request(
            HttpRequest(sent.method, sent.authority, sent.path, sent.query, headers, sent.body.encode())
        )
        check_signature(signed, case.trust.institution_key(signed.key_id).verifying())
        case.requests.append(signed)
    return Said("提问由所称机构的密钥签名", "the question is signed by the key that it names")


def question_binding(case: Case) -> Said:
    """The answer's record names the digest of this question and repeats what it asked."""
    record, position = case.record, case.file.position
    body = case.file.request.body.encode()
    if position is UNSET:
        case.question, digest = read_question(case.asked, body), case.asked.digest
    else:
        asked = read_batch(case.asked, body)
        if not 0 <= position < len(asked):
            fail("批量提问中没有这一条", "the batch has no question at this position")
        case.question, digest = asked[position], digest_in_batch(case.asked.digest, position)
    if record.question != encode_base64(digest) or case.body.form.id != answer_id(digest):
        fail("答复不是对该提问的答复", "the answer is to another question")
    if _told(record) != _asked(case.question):
        fail("答复记录的内容与提问不符", "the record says something else than the question")
    if any(not one.key_id.startswith(f"{record.institution}/") for one in case.requests):
        fail("提问来自另一机构", "another institution asked")
    return Said("答复与提问绑定", "the answer is bound to this question")


def _told(record: RecordForm) -> tuple[str, ...]:
    """What the record says of the question. The end user is the caller itself where none was named."""
    basis = ("", "") if record.basis is None else (record.basis.kind, record.basis.id)
    end_user = "" if record.end_user == record.institution else record.end_user
    return (record.key_id, record.product, record.purpose, end_user, *basis)


def _asked(question: Question) -> tuple[str, ...]:
    basis = ("", "") if question.basis is None else (question.basis.kind.value, question.basis.id)
    end_user = "" if question.key_id.startswith(f"{question.end_user}/") else question.end_user
    return (question.key_id, question.product, question.purpose, end_user, *basis)


def answer_signature(case: Case) -> Said:
    """The zone signed status, body and the question's signature."""
    response = case.file.response
    headers = raw(tuple(response.headers.items()))
    case.answer = parse_answer(response.status, headers, response.body.encode(), case.requests[-1].signature)
    case.zone = case.trust.zone(case.record.zone)
    check_signature(case.answer, case.trust.answer_key(case.record.zone, case.answer.key_id).verifying())
    return Said("答复由专区的密钥签名", "the answer is signed by the zone")


def validity(case: Case) -> Said:
    """Each key was in force when it was used, and the times of question, record and answer agree."""
    at, asked = case.at, case.asked
    if case.now is not None and at > case.now + timedelta(seconds=SKEW):
        fail("答复来自未来", "the answer is from the future")
    if not asked.created - SKEW <= at.timestamp() <= asked.expires + SKEW:
        fail("答复不在提问签名的有效期内", "the answer was given outside of the question's time")
    if case.answer.created != int(at.timestamp()):
        fail("签名时间与记录时间不符", "the answer was signed at another time than its record says")
    for request in case.requests:
        if not case.trust.institution_key(request.key_id).in_force(_moment(request.created)):
            fail("提问密钥当时不在有效期", "the question's key was not valid at that time")
    given = at if len(case.requests) == 1 else _moment(case.requests[-1].created)  # an answer again: by the key of then
    if not case.trust.answer_key(case.zone.origin, case.answer.key_id).in_force(given):
        fail("专区密钥当时不在有效期", "the zone's key was not valid at that time")
    return Said("各密钥在当时有效", "every key was valid at its time")


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
