"""The way of one question: Question → Caller → Mandate → Subject → Permit → Figures → Release → Receipt → Answer.

Law: nothing leaves but what this function returns, and it returns nothing before the log holds its entry, durably.
"""

from __future__ import annotations

from datetime import datetime

from puhui.consent.permit import permit_for
from puhui.contracts.mandate import mandate_for
from puhui.disclosure.let_out import let_out
from puhui.gateway.entry import answer_again, counted_toward, entry_of, refusals_logged, signed_answer
from puhui.gateway.prepared import Prepared
from puhui.gateway.rooms import Rooms
from puhui.indicators.read import read_figures
from puhui.institutions.recognise import recognise
from puhui.ledger.entries import AlreadyAnswered
from puhui.model.question import Answer, Caller, Mandate, Question, Release


async def answer(question: Question, address: str, rooms: Rooms) -> Answer:
    """The answer to a question that came from a network address. Raises a QuestionRefused, which is in the log too."""
    now = rooms.now()
    caller = recognise(question, address, rooms.directory, now, scope="")  # the mandate asks for the product's own
    async with refusals_logged(question, caller, rooms):
        release, product = released(question, caller, rooms, now)
    try:
        receipt = await rooms.log.append(entry_of(release, question, product, rooms))
    except AlreadyAnswered as before:
        return await answer_again(before.index, question, rooms)
    return signed_answer(question, receipt, rooms)


def released(question: Question, caller: Caller, rooms: Rooms, now: datetime) -> tuple[Release, Prepared]:
    """What may leave for a caller, before anything does; the product says what is checked when it is logged."""
    mandate = mandate_for(caller, question, rooms.book, rooms.offers, now)
    with counted_toward(mandate):
        return _released(question, mandate, rooms, now)


def _released(question: Question, mandate: Mandate, rooms: Rooms, now: datetime) -> tuple[Release, Prepared]:
    product = rooms.products.prepared(mandate.product, rooms.figures)
    subject = rooms.index.subject(mandate, question.about, now.date())
    permit = permit_for(mandate, subject, question, rooms.letters, rooms.rules, now)
    figures = read_figures(permit, product.names, rooms.figures)
    if figures.snapshot != product.source.snapshot:  # swapped between the two looks: an answer is never mixed
        return _released(question, mandate, rooms, now)
    objected = rooms.objections.of(subject.token)
    return let_out(figures, permit, product.rules, product.source, today=now.date(), objected=objected), product
