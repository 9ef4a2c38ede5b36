"""Where the zone may send notices: https addresses that an institution registered, and never into private networks.

A zone whose settings allow inner hosts may also use http, to its own machine alone.
"""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

_INNER_NAMES = (".local", ".localhost", ".internal", ".lan", ".home.arpa", ".intranet", ".corp")


def webhook_fault(url: str, *, private: bool = False) -> str:
    """What is wrong with an address, as a short code; empty: nothing. `private`: the zone's settings allow inner hosts.

    A name is looked at as it is written; whoever connects checks with `public_address` where it leads.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "not-an-address"
    host = (parts.hostname or "").rstrip(".").lower()
    inner = private and parts.scheme == "http" and _loopback(host)  # to try things out on one machine
    if parts.scheme != "https" and not inner:
        return "not-https"
    if not host or not url.isascii() or any(c.isspace() for c in url) or "\\" in url or port == 0:
        return "not-an-address"
    if parts.username is not None or parts.password is not None or parts.fragment:
        return "user-or-fragment"
    if private:
        return ""
    return "" if _public_host(host) else "private"


def public_address(address: str) -> bool:
    """Whether an IP address is one of the open internet: not private, loopback, link-local, multicast or reserved."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(parsed, "ipv4_mapped", None)
    chosen = mapped if mapped is not None else parsed
    return chosen.is_global and not chosen.is_multicast


def _loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _public_host(host: str) -> bool:
    if ":" in host or host.replace(".", "").isdigit():
        return public_address(host)
    # a name without a dot is of the inner network; hexadecimal and octal spellings of addresses are no names
    last = host.rpartition(".")[2]
    named = "." in host and not last.isdigit() and not last.startswith("0x")
    return named and not host.endswith(_INNER_NAMES)
