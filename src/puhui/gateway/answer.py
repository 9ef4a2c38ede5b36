"""The way of one question: Question → Caller → Mandate → Subject → Permit → Figures → Release → Receipt → Answer.

Law: nothing leaves but what this function returns, and it returns nothing before the log holds its entry, durably.
"""

from __future__ import annotations

from puhui.consent.permit import permit_for
from puhui.contracts.mandate import mandate_for
from puhui.disclosure.let_out import let_out
from puhui.gateway.entry import answer_again, entry_of, refusals_logged, signed_answer
from puhui.gateway.rooms import Rooms
from puhui.indicators.read import read_figures
from puhui.institutions.recognise import recognise
from puhui.ledger.entries import AlreadyAnswered
from puhui.model.question import Answer, Question


async def answer(question: Question, address: str, rooms: Rooms) -> Answer:
    """The answer to a question that came from a network address. Raises a QuestionRefused, which is in the log too."""
    now = rooms.now()
    caller = recognise(question, address, rooms.directory, now)
    async with refusals_logged(question, caller, rooms):
        mandate = mandate_for(caller, question, rooms.book, rooms.offers, now)
        product = rooms.products.prepared(mandate.product, rooms.figures)
        subject = rooms.index.subject(mandate, question.about, now.date())
        permit = permit_for(mandate, subject, question, rooms.letters, rooms.rules, now)
        figures = read_figures(permit, product.names, rooms.figures)
        objected = rooms.objections.of(subject.token)
        release = let_out(figures, permit, product.rules, product.source, today=now.date(), objected=objected)
    try:
        receipt = await rooms.log.append(entry_of(release, question, product, rooms))
    except AlreadyAnswered as before:
        return await answer_again(before.index, question, rooms)
    return signed_answer(question, receipt, rooms)
