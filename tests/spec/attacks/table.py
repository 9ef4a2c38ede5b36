"""What every attack comes to: a refusal of the right code, the true code in the log, and nothing that left."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ...questions.asking import Reply, Request, ask
from ...questions.town import BANKS, Office

Sends = Callable[[Office], Request]
HIDDEN = (403, "not-available")


@dataclass(frozen=True)
class Attack:
    """One line of a table. `told`: outward status and code; `logged`: the true code, empty where nobody was recognised.

    `by`: whose question it is in the log. `where`, `article`: what the refusal has to name.
    """

    name: str
    sends: Sends
    told: tuple[int, str]
    logged: str = ""
    by: str = "bank-a"
    where: str = ""
    article: bool = False


def held_off(office: Office, attack: Attack) -> Reply:
    """Sends the attack, and looks at what came back and what stands in the log."""
    request = attack.sends(office)
    before = {bank: len(office.codes(bank)) for bank in BANKS}
    (reply,) = ask(office, request)
    assert (reply.status, reply.code) == attack.told, reply.body
    new = {bank: office.codes(bank)[before[bank] :] for bank in BANKS}
    assert {bank: codes for bank, codes in new.items() if codes} == (
        {attack.by: [attack.logged]} if attack.logged else {}
    )
    assert "record" not in reply.told and "items" not in reply.told
    if attack.logged:
        assert reply.signed, "whom the zone recognised can prove what it was told"
    if attack.where:
        assert reply.told["where"] == attack.where
    assert bool(reply.told.get("article")) >= attack.article
    return reply
