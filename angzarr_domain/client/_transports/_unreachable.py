"""Why a connection could not be made, from what gRPC says about it, and what to try."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

# What gRPC and the system below it say, at every version we support; the first that occurs decides.
_REASONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "No such file or directory": (
            "there is no socket file {endpoint}: start the coordinator that serves it, or mend the path"
        ),
        "ermission denied": ("this user may not open {endpoint}: ask for the socket's mode or owner to be changed"),
        "onnection refused": (
            "connection refused, nothing listens at {endpoint}: start a coordinator there "
            "(python -m angzarr_domain dev), or mend the address"
        ),
        "DNS resolution failed": (
            "the host of {endpoint} cannot be resolved (DNS): mend its name, or look at this machine's network"
        ),
        "errors resolving": (
            "the host of {endpoint} cannot be resolved (DNS): mend its name, or look at this machine's network"
        ),
        "handshake failed": (
            "{endpoint} was reached, but TLS could not be agreed: does it serve TLS, with a certificate trusted here?"
        ),
        "SETTINGS frame": (
            "something listens at {endpoint}, but it does not answer as gRPC does: is it another service, or one that "
            "wants https://?"
        ),
        "timed out": "{endpoint} does not answer: is its machine up, and reachable through every firewall on the way?",
        "Socket closed": "the connection to {endpoint} was lost in mid-call: ask again",
        "Stream removed": "the connection to {endpoint} was lost in mid-call: ask again",
    }
)


def explain(text: str, endpoint: str) -> str:
    """What gRPC's text means for the endpoint, with that text at the end."""
    where = endpoint or "the channel's peer"
    for sign, reason in _REASONS.items():
        if sign in text:
            return f"{reason.format(endpoint=where)} ({text})"
    return f"no connection to {where}: {text}"
