"""Which network an IP address belongs to, and which addresses a clip never comes from."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Mapping
from typing import TypeAlias

Ip: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

_KINDS: Mapping[str, tuple[str, ...]] = {
    "test": ("198.18.0.0/15",),  # what resolvers of tunnels make up (fake-ip)
    "shared": ("100.64.0.0/10",),  # a provider's or an overlay's
    "private": ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"),
    "unique local": ("fc00::/7",),
}
"""Networks behind which something real may be, if other names lead there, too."""
_NETWORKS = tuple((kind, ipaddress.ip_network(text)) for kind, texts in _KINDS.items() for text in texts)
_METADATA = frozenset(
    map(
        ipaddress.ip_address,
        ("169.254.169.254", "100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254", "fd20:ce::254"),
    )
)
"""Where clouds tell a machine its secrets; not all are link-local."""
_TRANSLATED = ipaddress.ip_network("64:ff9b::/96")


def ip_of(address: str) -> Ip:
    """The address that counts: the IPv4 one in one that is mapped, translated (NAT64) or tunneled (6to4).

    Raises ValueError for what is no address.
    """
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv4Address):
        return ip
    if ip in _TRANSLATED:
        return ipaddress.IPv4Address(int(ip) & 0xFFFF_FFFF)
    return ip.ipv4_mapped or ip.sixtofour or ip


def is_public(address: str) -> bool:
    """Whether an IP address is one of the open internet: not this machine's, the local network's or a link's."""
    ip = ip_of(address)
    return ip.is_global and not ip.is_multicast and ip not in _METADATA


def kind_of(address: str) -> str:
    """The kind of local network an IP address belongs to; ``""`` for a public one and for one that is never allowed."""
    ip = ip_of(address)
    if ip in _METADATA:
        return ""
    return next((kind for kind, network in _NETWORKS if ip.version == network.version and ip in network), "")


def addresses_of(host: str) -> list[str]:
    """Where a name leads by this machine's resolver; nowhere is no fault here."""
    try:
        return [str(entry[4][0]) for entry in socket.getaddrinfo(host, None)]
    except (OSError, UnicodeError):
        return []
