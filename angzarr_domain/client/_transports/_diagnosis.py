"""A second look where gRPC only says that a TLS server hung up: by a handshake of our own, which tells why."""

from __future__ import annotations

import socket
import ssl
from typing import Final
from urllib.parse import urlsplit

from angzarr_domain.exceptions import AngzarrError, TlsFailed

from ._unreachable import HUNG_UP

_SECONDS: Final = 2.0
# What a server says that got no certificate from its client.
_NO_CERTIFICATE: Final = ("CERTIFICATE_REQUIRED", "HANDSHAKE_FAILURE", "BAD_CERTIFICATE")


def explained(error: AngzarrError) -> AngzarrError:
    """The error, or what a second look says is wrong, which takes two seconds at most."""
    if not (isinstance(error, TlsFailed) and HUNG_UP in error.message and _asks_for_a_certificate(error.endpoint)):
        return error
    return TlsFailed(
        f"TLS with {error.endpoint} failed: the server hung up after the handshake, as one does that asks for a "
        "client's certificate: give one that it trusts by Tls(certificate=..., key=...)",
        endpoint=error.endpoint,
        code="TLS_CLIENT_CERTIFICATE",
    )


def _asks_for_a_certificate(endpoint: str) -> bool:
    where = urlsplit(endpoint)
    # Whom it would be talking to has been checked by gRPC, and nothing is sent.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    try:
        with (
            socket.create_connection((where.hostname or "", where.port or 443), _SECONDS) as plain,
            context.wrap_socket(plain, server_hostname=where.hostname) as shaken,
        ):
            # TLS 1.3 refuses a client only after the handshake, and gRPC's servers do so without a word. Otherwise
            # they speak first.
            return not shaken.recv(1)
    except ssl.SSLError as error:
        return any(sign in (error.reason or "") for sign in _NO_CERTIFICATE)
    except OSError:
        return False
