"""Who a server is, and whom it lets in."""

from __future__ import annotations

import logging
import os
import threading
from typing import Any, Final

import attrs
import grpc

from angzarr_domain.client._pem import Pem, read_authorities, read_pair, shown
from angzarr_domain.exceptions import UsageError

logger: Final = logging.getLogger("angzarr_domain.hosting")


@attrs.frozen(kw_only=True)
class ServerTls:
    """TLS for the https:// addresses of a server.

    All of it may be renewed while it serves: files that have changed are read again at the next connection.

    Attributes:
        certificate: The server's certificate, with those between it and its authority: a path, or PEM as bytes.
        key: Its key, without a passphrase: a path, or PEM as bytes.
        client_ca: Authorities of the clients that are let in (mTLS): a path, or PEM as bytes. Without it anyone is.

    """

    certificate: Pem = attrs.field(repr=shown)
    key: Pem = attrs.field(repr=shown)
    client_ca: Pem | None = attrs.field(default=None, repr=shown)

    def credentials(self) -> grpc.ServerCredentials:
        """What gRPC serves with.

        Raises:
            UsageError: Something cannot be read, or certificate and key do not belong together.

        """
        renewals = _Renewals(self.certificate, self.key, self.client_ca)
        renewed: Any = renewals.renewed  # which may say that nothing has changed, by None; the types leave that out
        return grpc.dynamic_ssl_server_credentials(renewals.current(), renewed, self.client_ca is not None)


class _Renewals:
    """What is in use, and what has taken its place on disk."""

    def __init__(self, certificate: Pem, key: Pem, clients: Pem | None) -> None:
        self._pair = (certificate, key)
        self._clients = clients
        self._reading = threading.Lock()
        self._seen = self._stamps()
        self._current = self._read()

    def current(self) -> grpc.ServerCertificateConfiguration:
        return self._current

    def renewed(self) -> grpc.ServerCertificateConfiguration | None:
        """Asked before each handshake; None where nothing has changed."""
        with self._reading:
            stamps = self._stamps()
            if stamps == self._seen:
                return None
            try:
                self._current = self._read()
            except UsageError as error:
                # Half of it may be written yet, so it is looked at again; those in use are good until they expire.
                logger.warning("the changed certificates are not used: %s", error)
                return None
            self._seen = stamps
            return self._current

    def _read(self) -> grpc.ServerCertificateConfiguration:
        certificate, key = read_pair(*self._pair)
        clients = None if self._clients is None else read_authorities(self._clients, "client_ca")
        return grpc.ssl_server_certificate_configuration([(key, certificate)], root_certificates=clients)

    def _stamps(self) -> tuple[tuple[int, int, int] | None, ...]:
        return tuple(_stamp(source) for source in (*self._pair, self._clients))


def _stamp(source: Pem | None) -> tuple[int, int, int] | None:
    if source is None or isinstance(source, bytes):
        return None
    try:
        found = os.stat(source)  # noqa: PTH116 - what a Path would do as well
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
