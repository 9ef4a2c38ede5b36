"""How fast an institution may ask: a token bucket for each, in memory. The clock is the caller's."""

from __future__ import annotations

BURST_SECONDS = 2  # a bucket holds what so many seconds bring: a batch after a pause is no flood


class Rates:
    """One bucket an institution. Of this process alone: several gateways share the rate by being given a part each."""

    def __init__(self) -> None:
        self._buckets: dict[str, tuple[float, float]] = {}  # institution → (tokens left, when that was)

    def wait(self, institution: str, rate: int, now: float, cost: int = 1) -> float:
        """Take `cost` tokens of a bucket that fills with `rate` a second; 0.0, or the seconds until they are there.

        `now`: seconds of any clock; one that goes back fills nothing. Nothing is taken where there is too little. A
        batch dearer than the whole bucket is let in when it is full, and its debt is waited off by who comes next.
        """
        held = float(BURST_SECONDS * rate)
        left, since = self._buckets.get(institution, (held, now))
        left = min(held, left + max(0.0, now - since) * rate)
        wait = (min(float(cost), held) - left) / rate
        self._buckets[institution] = (left if wait > 0 else left - cost, max(now, since))
        return max(0.0, wait)
