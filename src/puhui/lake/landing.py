"""Landings: a parcel as it came, under its digest."""

from __future__ import annotations

from datetime import datetime

from puhui.model.delivery import Landing, Parcel


def land(parcel: Parcel, digest: str, size: int, at: datetime) -> Landing:
    """The landing of a parcel whose unpacked bytes have this sha256 and length. It is sealed before the commit."""
    return Landing(parcel=parcel, digest=digest, size=size, landed_at=at)
