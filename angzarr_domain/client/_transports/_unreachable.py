"""Why a connection could not be made, from what gRPC says about it, and what to try."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from angzarr_domain.exceptions import ConnectionFailed, TlsFailed

_WRONG_HOST: Final = (
    "TLS_WRONG_HOST",
    "the server's certificate is another host's: mend the endpoint, or name that host by Tls(server_name=...)",
)
_SILENT: Final = "{endpoint} does not answer: is its machine up, and reachable through every firewall on the way?"
# What gRPC and the system below it say, at every version we support; the first that occurs decides.
_TLS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "certificate has expired": (
            "TLS_EXPIRED",
            "the server's certificate has expired, or this machine's clock is wrong: have it renewed",
        ),
        "certificate is not yet valid": (
            "TLS_NOT_YET_VALID",
            "the server's certificate is not valid yet: is this machine's clock right?",
        ),
        "Hostname Verification": _WRONG_HOST,
        "is not in peer certificate": _WRONG_HOST,
        "CERTIFICATE_VERIFY_FAILED": (
            "TLS_UNTRUSTED",
            "the server's certificate is of no authority that is trusted here: name its authority by Tls(ca=...)",
        ),
        "WRONG_VERSION_NUMBER": ("TLS_FAILED", "the server does not speak TLS: is it meant to be http://?"),
        "ALPN": ("TLS_FAILED", "the server speaks TLS, but does not speak HTTP/2 as gRPC does: is it another service?"),
        "handshake failed": (
            "TLS_FAILED",
            "nothing could be agreed: does it serve TLS, with a certificate trusted here?",
        ),
    }
)
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
        "SETTINGS frame": (
            "something listens at {endpoint}, but it does not answer as gRPC does: is it another service, or one that "
            "wants https://?"
        ),
        "ping timeout": "the connection to {endpoint} had died in silence: ask again",
        "keepalive": "the connection to {endpoint} had died in silence: ask again",
        "Endpoint closing": _SILENT,
        "timed out": _SILENT,
        "Socket closed": "the connection to {endpoint} was lost in mid-call: ask again",
        "Stream removed": "the connection to {endpoint} was lost in mid-call: ask again",
    }
)
#: What is said of a server that ends a connection without a word.
HUNG_UP: Final = "the server hung up before any call"

_NOT_CONNECTED: Final = "failed to connect to all addresses"
# The last is an alert after the handshake, which gRPC does not read.
_HUNG_UP: Final = ("Socket closed", "onnection reset", "recvmsg", "End of TCP stream", "roken pipe", "Unwrap failed")


def unreachable(text: str, endpoint: str) -> ConnectionFailed:
    """The error that gRPC's text means for the endpoint."""
    code, reason = _read(text, endpoint)
    return TlsFailed(reason, endpoint=endpoint, code=code) if code else ConnectionFailed(reason, endpoint=endpoint)


def explain(text: str, endpoint: str) -> str:
    """What gRPC's text means for the endpoint, with that text at the end."""
    return _read(text, endpoint)[1]


def _read(text: str, endpoint: str) -> tuple[str, str]:
    """The code, if it is TLS that failed, and the reason."""
    where = endpoint or "the channel's peer"
    for sign, (code, reason) in _TLS.items():
        if sign in text:
            return code, f"TLS with {where} failed: {reason} ({text})"
    if text.startswith(_NOT_CONNECTED) and any(sign in text for sign in _HUNG_UP):
        # Starting and stopping servers do so as well, with TLS or without.
        other = "TLS" if endpoint.startswith("https://") else "gRPC, and does it want https://"
        return "", f"no connection to {where}: {HUNG_UP}; if it goes on, is it {other}? ({text})"
    for sign, reason in _REASONS.items():
        if sign in text:
            return "", f"{reason.format(endpoint=where)} ({text})"
    return "", f"no connection to {where}: {text}"
