"""A second look where a TLS server hangs up, which servers do that get no certificate and those that start or stop.

gRPC does not tell the two apart; a handshake of our own does.
"""

from __future__ import annotations

import re
import socket
import ssl
import sys
import time
from typing import Any, Final, Self
from urllib.parse import urlsplit

import attrs

from angzarr_domain.client._endpoints import Endpoint
from angzarr_domain.client._pem import load_pair
from angzarr_domain.client._tls import Tls
from angzarr_domain.exceptions import AngzarrError, ConnectionFailed, TlsFailed

from ._unreachable import HUNG_UP

_SECONDS: Final = 2.0
# By such an alert, servers of other makes refuse a client within the handshake; it has further meanings.
_MAY_BE_ASKING: Final = (HUNG_UP, "ALERT_HANDSHAKE_FAILURE", "ALERT_BAD_CERTIFICATE", "ALERT_UNKNOWN_CA")
# Dialled as it stands, so that no name has to be resolved once more.
_ADDRESS: Final = re.compile(r"ipv[46]:(?:\[|%5B)?(?P<host>[0-9.]+|[0-9A-Fa-f:.]+)(?:\]|%5D)?:(?P<port>[0-9]+): ")
_HANDSHAKE: Final = 22
_CERTIFICATE_REQUEST: Final = 13


@attrs.frozen
class SecondLook:
    """Shakes hands as gRPC did.

    Attributes:
        server_name: What the server is asked for.
        identity: The client's certificate and key.

    """

    server_name: str
    identity: tuple[bytes, bytes] | None = attrs.field(default=None, repr=False)

    @classmethod
    def at(cls, endpoint: Endpoint, tls: Tls | None = None) -> Self | None:
        """A look at this endpoint; None where there could be none."""
        identity = None if tls is None else tls.identity()
        if not endpoint.secure or (identity is not None and sys.platform != "linux"):
            return None
        name = "" if tls is None else tls.server_name
        return cls(name or urlsplit(endpoint.text).hostname or "", identity)

    def worthwhile(self, error: AngzarrError, until: float | None) -> bool:
        """Whether there is something to see, and time for it."""
        ambiguous = isinstance(error, ConnectionFailed) and any(sign in error.message for sign in _MAY_BE_ASKING)
        return ambiguous and (until is None or until > time.monotonic())

    def explained(self, error: AngzarrError, until: float | None = None) -> AngzarrError:
        """The error, or what a second look says is wrong, which takes two seconds at most.

        Args:
            until: When the call's own time ends, as time.monotonic() counts.

        """
        found = _ADDRESS.search(error.message)
        if found is None or not self.worthwhile(error, until):
            return error
        latest = time.monotonic() + _SECONDS
        if not self._asks_in_vain((found["host"], int(found["port"])), latest if until is None else min(until, latest)):
            return error
        endpoint = error.details.get("endpoint", "")
        return TlsFailed(
            f"TLS with {endpoint} failed: the server asks for a client's certificate: give one that it trusts by "
            "Tls(certificate=..., key=...)",
            endpoint=endpoint,
            code="TLS_CLIENT_CERTIFICATE",
        )

    def _asks_in_vain(self, where: tuple[str, int], until: float) -> bool:
        """Whether the server asks for a certificate and then hangs up, or refuses the one it gets."""
        asked: list[object] = []

        def seen(
            _connection: object, direction: str, _version: object, kind: object, message: object, _: bytes
        ) -> None:
            if (direction, kind, message) == ("read", _HANDSHAKE, _CERTIFICATE_REQUEST):
                asked.append(message)

        try:
            self.server_name.encode("idna")  # over a name that is none, the ssl module would leave its socket open
            context = self._context()
            # Meant for debugging, and the only way to learn what the server asks for.
            context._msg_callback = seen  # noqa: SLF001
            with socket.create_connection(where, _left(until)) as plain:
                plain.settimeout(_left(until))
                with context.wrap_socket(plain, server_hostname=self.server_name) as shaken:
                    shaken.settimeout(_left(until))
                    # TLS 1.3 refuses a client only after the handshake, and gRPC's servers do so without a word.
                    # Otherwise they speak first.
                    refused = not shaken.recv(1)
        except (ssl.SSLEOFError, ssl.SSLZeroReturnError, ConnectionResetError):
            refused = True
        except ssl.SSLError as error:
            refused = "ALERT" in (error.reason or "")
        except (OSError, ValueError):  # the latter where the name is none
            refused = False
        return refused and bool(asked)

    def _context(self) -> Any:
        # Whom it would be talking to has been checked by gRPC, and nothing is sent.
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.set_alpn_protocols(["h2"])
        if self.identity is not None:
            load_pair(context, *self.identity)
        return context


def _left(until: float) -> float:
    seconds = until - time.monotonic()
    if seconds <= 0:
        raise TimeoutError
    return seconds
