"""A town whose bank watches firms: monitors, notices, letters proposed by request; rounds are run by the test."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

from puhui.api.app import App
from puhui.api.routes import Routes
from puhui.bootstrap import add_officer, now, open_letters, open_zone
from puhui.desk.admissions import ADMIT
from puhui.gateway.monitor_looks import LookRooms, one_round
from puhui.wire.http_signatures import Headers, new_nonce, sign_request
from puhui.wire.letters import text_of

from ..journeys.town import SMALL, Town, firm
from .asking import HOME_ADDRESS, Asker, Reply, Request, ask
from .town import (
    ANNA,
    AUTHORITY,
    ERASED,
    FIRM,
    LENDER,
    QUIET,
    Office,
    contract,
    enrol,
    finished,
    key,
    office,
    sign,
    two_officers,
)

WATCHER = Path(__file__).parent / "watcher"
HOOK = "https://notices.bank-a.example/puhui"
PRODUCTS = ("firm_loan", "firm_watch", "firm_report", "paid_check")


def made(home: Path) -> None:
    """The home of the town, in a folder that does not exist yet; a snapshot in which FIRM paid 5000 last month."""
    town = Town(home)
    folders = (SMALL, SMALL.parent / "market", LENDER, WATCHER)
    town.run("init", home, *(part for folder in folders for part in ("--pack", folder)), "--buckets", "4")
    town.firms(*(firm(serial) for serial in (1, 2, 3)))
    town.paid("2026-06", *((serial, "vat", "2026-06-15", 5000) for serial in (1, 2, 3)))
    named = [(who.value, ANNA.value, "法定代表人") for who in (FIRM, QUIET, ERASED)]
    town.deliver("personnel", ("统一社会信用代码", "公民身份号码", "职务"), named)
    town.snapshot()
    zone = open_zone(home)
    for name in ("anna", "bela"):
        add_officer(zone, name, home.parent / f"{name}.key", by="anna")
    for name in ("bank-a", "bank-b"):
        two_officers(zone.desk, ADMIT, _bank(name))
        contract(zone.desk, name, [(product, {}) for product in PRODUCTS])
    letters, _ = open_letters(home)
    enrol(letters, "firm", FIRM, ANNA)
    finished(home, {"firm": sign(letters, "firm", FIRM).id})


def _bank(name: str) -> dict[str, Any]:
    begin = now().replace(second=0, microsecond=0)
    public = {"algorithm": "ed25519", "public": text_of(key(f"{name}/1").verifying().public)}
    public |= {"not_before": begin.isoformat(), "not_after": begin.replace(year=begin.year + 1).isoformat()}
    return {
        "id": name,
        "kind": "bank",
        "name": {"zh": name, "en": name},
        "scopes": ["answers", "letters", "monitors", "reports"] if name == "bank-a" else ["answers", "monitors"],
        "licences": [
            {"channel": "filed_enterprise_bureau", "record": "R-1", "from": "2026-01-01", "until": "2027-12-31"}
        ],
        "webhooks": [HOOK] if name == "bank-a" else [],
        "keys": [public],
    }


@dataclass
class Mailbox:
    """`Sending` that keeps what was sent, and takes it or not as the test says."""

    takes: bool = True
    sent: list[tuple[str, Headers, bytes]] = field(default_factory=list)

    async def send(self, address: str, headers: Headers, body: bytes) -> bool:
        self.sent.append((address, headers, body))
        return self.takes


@dataclass
class Bank:
    """Bank-a with its office and its mailbox."""

    office: Office
    mailbox: Mailbox = field(default_factory=Mailbox)
    name: str = "bank-a"

    def __post_init__(self) -> None:
        questions = self.office.questions
        routes = Routes(questions.rooms, questions.files, questions.letters, questions.monitors)
        self.office.app = App(routes, AUTHORITY)
        self.looks = LookRooms(questions.monitors, self.office.desk.figures, self.mailbox)

    @property
    def asker(self) -> Asker:
        return Asker(self.office, self.name)

    def post(self, path: str, body: Mapping[str, Any], **more: str) -> Reply:
        return ask(self.office, self.asker.post(body, path, **more))[0]

    def get(self, path: str, query: str = "") -> Reply:
        return ask(self.office, self.asker.get(path, query))[0]

    def delete(self, path: str) -> Reply:
        return ask(self.office, self.deletion(path))[0]

    def deletion(self, path: str) -> Request:
        headers = sign_request(
            "DELETE", AUTHORITY, path, key=key(f"{self.name}/1"), created=self.office.clock.seconds, nonce=new_nonce()
        )
        return Request("DELETE", path, "", headers, address=HOME_ADDRESS)

    def watching(self, *limits: Mapping[str, str], **changed: Any) -> dict[str, Any]:
        """The body of a monitor over FIRM by its letter."""
        said = self.asker.said(FIRM) | {"product": "firm_watch"}
        return said | {"limits": list(limits) or [PAID_ABOVE_6000]} | changed

    def round(self) -> tuple[int, int]:
        """One round of looks and notices."""
        return asyncio.run(one_round(self.looks))

    def notices(self, after: int = 0) -> list[dict[str, Any]]:
        return list(self.get("/v1/notices", f"after={after}").told["notices"])


PAID_ABOVE_6000 = {"item": "paid_1m", "when": "above", "value": "6000"}


@contextmanager
def bank(home: Path) -> Iterator[Bank]:
    """The town of this home, open."""
    with patch("puhui.bootstrap.questions.Monitoring", lambda looks: nullcontext()), office(home) as opened:
        yield Bank(opened)


def paid(home: Path, amount: int) -> None:
    """FIRM paid as much last month, says a later delivery; and a snapshot with it."""
    town = Town(home)
    town.paid("2026-06", (1, "vat", "2026-06-15", amount), *((serial, "vat", "2026-06-15", 5000) for serial in (2, 3)))
    town.snapshot()


def copy_of(home: Path, to: Path) -> Path:
    """A town of one's own."""
    shutil.copytree(home, to / "home", symlinks=True)
    shutil.copy(home.parent / "letters.json", to / "letters.json")
    return to / "home"


__all__ = ("FIRM", "HOOK", "Bank", "Mailbox", "bank", "copy_of", "made", "paid")
