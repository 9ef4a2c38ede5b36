"""Notices over HTTP, to addresses that institutions registered.

Promises: the name is looked up once and the connection goes to what was found and checked, so that it cannot lead into
the zone's own networks between check and call (DNS rebinding); the certificate is held against the name. No redirect,
no proxy of the environment, nothing read but the status; bounded in time.
"""

from __future__ import annotations

import asyncio
import socket
from urllib.parse import urlsplit, urlunsplit

import httpx

from puhui.institutions.webhooks import public_address, webhook_fault
from puhui.wire.http_signatures import Headers

CONNECT, REPLY, WHOLE = 3.0, 5.0, 10.0  # seconds


class HttpWebhooks:
    """`gateway.monitor_looks.Sending`. `private`: the zone's settings allow hosts of its own networks."""

    def __init__(self, *, private: bool = False) -> None:
        self._private = private

    async def send(self, address: str, headers: Headers, body: bytes) -> bool:
        if webhook_fault(address, private=self._private):
            return False
        try:
            async with asyncio.timeout(WHOLE):
                found = await self._found(address)
                return bool(found) and await _posted(address, found, headers, body)
        except (OSError, TimeoutError, UnicodeError, httpx.HTTPError, httpx.InvalidURL):
            return False

    async def _found(self, address: str) -> str:
        """The IP address to call; empty where any that the name leads to is not one of the open internet."""
        parts = urlsplit(address)
        port = parts.port or {"https": 443, "http": 80}[parts.scheme]
        loop = asyncio.get_running_loop()
        answers = await loop.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
        hosts = [str(answer[4][0]) for answer in answers]
        safe = self._private or all(map(public_address, hosts))
        return hosts[0] if hosts and safe else ""


async def _posted(address: str, ip: str, headers: Headers, body: bytes) -> bool:
    parts = urlsplit(address)
    host = f"[{ip}]" if ":" in ip else ip
    url = urlunsplit((parts.scheme, host if parts.port is None else f"{host}:{parts.port}", parts.path or "/", "", ""))
    name = parts.hostname or ""
    named = {"host": parts.netloc, **dict(headers)}
    limits = httpx.Timeout(REPLY, connect=CONNECT)
    async with httpx.AsyncClient(timeout=limits, follow_redirects=False, trust_env=False) as client:
        request = client.stream("POST", url, content=body, headers=named, extensions={"sni_hostname": name})
        async with request as reply:
            return reply.is_success
