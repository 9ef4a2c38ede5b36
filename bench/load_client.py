"""Clients that send requests made beforehand over kept-alive connections and time each reply. Lean, to leave the server
its share of the machine."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(slots=True)
class Load:
    """What came of a run: seconds each reply took, statuses by count, wall seconds."""

    seconds: list[float] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)
    wall: float = 0.0

    def percentile_ms(self, share: float) -> float:
        ordered = sorted(self.seconds)
        return round(ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1e3, 2)


def raw_post(path: str, authority: str, headers: Sequence[tuple[str, str]], body: bytes) -> bytes:
    """The bytes of one HTTP/1.1 request."""
    lines = [f"POST {path} HTTP/1.1", f"host: {authority}", f"content-length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


def drive(host: str, port: int, requests: Sequence[bytes], clients: int, *, per_second: float = 0.0) -> Load:
    """Send all requests from `clients` connections; `per_second` 0: as fast as replies come, else evenly spread."""
    return asyncio.run(_drive(host, port, requests, clients, per_second))


async def _drive(host: str, port: int, requests: Sequence[bytes], clients: int, per_second: float) -> Load:
    load = Load()
    started = time.perf_counter()
    shares = [list(enumerate(requests))[at::clients] for at in range(clients)]
    await asyncio.gather(*(_client(host, port, share, load, started, per_second) for share in shares))
    load.wall = time.perf_counter() - started
    return load


async def _client(
    host: str, port: int, share: list[tuple[int, bytes]], load: Load, started: float, per_second: float
) -> None:
    reader, writer = await asyncio.open_connection(host, port)
    for number, request in share:
        if per_second:
            await asyncio.sleep(max(0.0, started + number / per_second - time.perf_counter()))
        sent = time.perf_counter()
        writer.write(request)
        status = await _reply(reader)
        load.seconds.append(time.perf_counter() - sent)
        load.statuses[status] = load.statuses.get(status, 0) + 1
    writer.close()


async def _reply(reader: asyncio.StreamReader) -> int:
    head = await reader.readuntil(b"\r\n\r\n")
    at = head.index(b"content-length: ") + 16
    await reader.readexactly(int(head[at : head.index(b"\r", at)]))
    return int(head[9:12])
