"""A real Chromium for journeys that need one: started without a window, spoken to over two pipes.

The protocol is Chrome DevTools: JSON messages that end with a NUL byte, in on file descriptor 3, out on 4. Every wait
has an end, and what the browser says "no" to is an exception with its words.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--remote-debugging-pipe",
)  # fmt: skip
STARTS_WITHIN, ANSWERS_WITHIN = 20.0, 10.0  # seconds
# The descriptors of `subprocess` have other numbers; a shell moves no number above 9
_TO_3_AND_4 = """
import fcntl, os, sys
for number, end in zip((3, 4), [fcntl.fcntl(int(end), fcntl.F_DUPFD_CLOEXEC, 10) for end in sys.argv[1:3]]):
    os.dup2(end, number)
os.execvp(sys.argv[3], sys.argv[3:])
"""


class BrowserAbsent(Exception):
    """There is no Chromium on the PATH, or one that does not start: a stub that asks for a snap is none."""


class BrowserFault(AssertionError):
    """The browser did not do what it was told: it ended, was silent, or knows no such method."""


class Rejected(BrowserFault):
    """A page's promise was rejected, or its script threw. `name`: of the error, such as `NotAllowedError`."""

    def __init__(self, said: str) -> None:
        super().__init__(said)
        self.name = said.partition(":")[0]


@contextmanager
def chromium(profile: Path) -> Iterator[Browser]:
    """A browser with a profile of its own, in that folder. Raises BrowserAbsent."""
    with closing(_started(profile)) as browser:
        yield browser


def _started(profile: Path) -> Browser:
    """The first of the programs that answers."""
    words = []
    for program in filter(None, map(shutil.which, NAMES)):
        browser = Browser.start(program, profile)
        try:
            browser.call("Browser.getVersion", within=STARTS_WITHIN)
            return browser
        except BrowserFault as fault:
            browser.kill()
            words.append(f"{program} does not start: {fault}")
    raise BrowserAbsent("; ".join(words) or f"none of {', '.join(NAMES)} is on the PATH")


@dataclass
class Browser:
    """A running Chromium."""

    process: subprocess.Popen[bytes]
    write_end: int
    read_end: int
    errors: Path
    _last: int = 0
    _heard: bytes = b""
    _events: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def start(cls, program: str, profile: Path) -> Self:
        """The process, in a group of its own; whether it lives shows by its first answer."""
        (its_in, write_end), (read_end, its_out) = os.pipe(), os.pipe()
        command = [sys.executable, "-c", _TO_3_AND_4, str(its_in), str(its_out), program]
        errors = profile / "errors.txt"
        with errors.open("wb") as told:
            process = subprocess.Popen(
                [*command, *FLAGS, f"--user-data-dir={profile}"],
                pass_fds=(its_in, its_out), start_new_session=True, env={**os.environ, "HOME": str(profile)},
                stdin=subprocess.DEVNULL, stdout=told, stderr=told,
            )  # fmt: skip
        os.close(its_in)
        os.close(its_out)
        return cls(process, write_end, read_end, errors)

    def close(self) -> None:
        """End the browser, as it would be ended by its user."""
        with suppress(BrowserFault):
            self.call("Browser.close")
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(ANSWERS_WITHIN)
        self.kill()

    def kill(self) -> None:
        """End whatever of it still runs."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        os.close(self.write_end)
        os.close(self.read_end)

    def call(
        self, method: str, /, *, session: str = "", within: float = ANSWERS_WITHIN, **params: Any
    ) -> dict[str, Any]:
        """The result of a method of the protocol. Raises BrowserFault."""
        self._last += 1
        said = {"id": self._last, "method": method, "params": params} | ({"sessionId": session} if session else {})
        with suppress(BrokenPipeError):  # it has ended: reading says how
            os.write(self.write_end, json.dumps(said).encode() + b"\0")
        end = time.monotonic() + within
        while True:
            message = self._message(method, end)
            if message.get("id") == self._last:
                break
            self._events.append(message)
        if "error" in message:
            raise BrowserFault(f"{method}: {message['error']['message']}")
        return dict(message["result"])

    def wait_for(self, event: str, session: str, within: float = ANSWERS_WITHIN) -> None:
        """Wait until an event has come since the last one of that name was waited for. Raises BrowserFault."""
        end = time.monotonic() + within
        while True:
            for one in self._events:
                if (one.get("method"), one.get("sessionId")) == (event, session):
                    self._events.remove(one)
                    return
            self._events.append(self._message(event, end))

    def page(self) -> Page:
        """A new page, empty as yet."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = Page(self, session)
        page.call("Page.enable")
        return page

    def _message(self, awaited: str, end: float) -> dict[str, Any]:
        """The next message; silence and an end of the browser name what was awaited."""
        while b"\0" not in self._heard:
            if not select.select([self.read_end], [], [], max(0.0, end - time.monotonic()))[0]:
                raise BrowserFault(f"{awaited}: the browser is silent")
            heard = os.read(self.read_end, 1 << 16)
            if not heard:
                words = self.errors.read_text("utf-8", "replace").strip()[-400:]
                raise BrowserFault(f"{awaited}: the browser has ended: {words or 'it said nothing'}")
            self._heard += heard
        message, _, self._heard = self._heard.partition(b"\0")
        return dict(json.loads(message))


@dataclass
class Page:
    """One page of a browser."""

    browser: Browser
    session: str

    def call(self, method: str, /, **params: Any) -> dict[str, Any]:
        """The result of a method of the protocol about this page. Raises BrowserFault."""
        return self.browser.call(method, session=self.session, **params)

    def open(self, url: str) -> None:
        """Go there, and wait until it is loaded. Raises BrowserFault."""
        told = self.call("Page.navigate", url=url)
        if "errorText" in told:
            raise BrowserFault(f"{url}: {told['errorText']}")
        self.browser.wait_for("Page.loadEventFired", self.session)

    def evaluate(self, script: str, *given: Mapping[str, Any]) -> Any:
        """What a function (its source) gives for these arguments, or its promise. Raises Rejected."""
        arguments = ", ".join(json.dumps(one) for one in given)
        told = self.call(
            "Runtime.evaluate", expression=f"({script})({arguments})", awaitPromise=True, returnByValue=True
        )
        if "exceptionDetails" in told:
            details = told["exceptionDetails"]
            raise Rejected(str(details.get("exception", {}).get("description") or details["text"]))
        return told["result"].get("value")

    def close(self) -> None:
        """Close the page; its authenticators go with it."""
        self.call("Page.close")
