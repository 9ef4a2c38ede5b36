"""What every attack comes to: a refusal of the right code, nothing that left, and the true code in the ledger; a
stranger's in the security log.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from puhui.ledger.security import counts_of

from ...questions.asking import Reply, Request, ask
from ...questions.town import BANKS, Office

Sends = Callable[[Office], Request]
HIDDEN = (403, "not-available")


@dataclass(frozen=True)
class Attack:
    """One line of a table. `told`: outward status and code. `logged`: the true code in the ledger; empty where nobody
    was recognised: then `told` stands in the security log.

    `by`: whose question it is in the log. `where`, `article`: what the refusal has to name.
    """

    name: str
    sends: Sends
    told: tuple[int, str]
    logged: str = ""
    by: str = "bank-a"
    where: str = ""
    article: bool = False


def noted(office: Office) -> Counter[str]:
    """What the security log has of strangers so far, by code."""
    office.questions.noise.write()
    return Counter(counts_of(b"".join(file.read_bytes() for file in sorted((office.home / "security").glob("*")))))


def held_off(office: Office, attack: Attack) -> Reply:
    """Sends the attack, and looks at what came back and what stands in the log."""
    request = attack.sends(office)
    before, strangers = {bank: len(office.codes(bank)) for bank in BANKS}, noted(office)
    (reply,) = ask(office, request)
    assert (reply.status, reply.code) == attack.told, reply.body
    new = {bank: office.codes(bank)[before[bank] :] for bank in BANKS}
    assert {bank: codes for bank, codes in new.items() if codes} == (
        {attack.by: [attack.logged]} if attack.logged else {}
    )
    assert noted(office) - strangers == (Counter() if attack.logged else Counter([attack.told[1]]))
    assert "record" not in reply.told and "items" not in reply.told
    if attack.logged:
        assert reply.signed, "whom the zone recognised can prove what it was told"
    if attack.where:
        assert reply.told["where"] == attack.where
    assert bool(reply.told.get("article")) >= attack.article
    return reply
