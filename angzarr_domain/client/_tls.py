"""Whom a client trusts, and how it shows who it is."""

from __future__ import annotations

import attrs

from angzarr_domain.exceptions import UsageError

from ._pem import Pem, read_authorities, read_pair, shown


@attrs.frozen(kw_only=True)
class Tls:
    """TLS for an https:// endpoint beyond the system's trusted roots. Files are read when the client connects.

    Attributes:
        ca: Authorities to trust in place of the system's: a path, or PEM as bytes.
        certificate: The client's own certificate, for servers that ask for one (mTLS), with those between it and its
            authority: a path, or PEM as bytes. Needs `key`.
        key: The key of `certificate`, without a passphrase.
        server_name: The name to look for in the server's certificate instead of the endpoint's host: for tunnels and
            tests.

    Raises:
        UsageError: A certificate without its key, or a key without its certificate.

    """

    ca: Pem | None = attrs.field(default=None, repr=shown)
    certificate: Pem | None = attrs.field(default=None, repr=shown)
    key: Pem | None = attrs.field(default=None, repr=shown)
    server_name: str = ""

    def __attrs_post_init__(self) -> None:
        if (self.certificate is None) != (self.key is None):
            missing = "certificate" if self.certificate is None else "key"
            raise UsageError(f"certificate and key go together: give the {missing} as well", field=missing)

    def loaded(self) -> Tls:
        """The same with what its files hold: some can be read only once, and others may be replaced in between.

        Raises:
            UsageError: They cannot be read, or do not belong together.

        """
        certificate, key = self.identity() or (None, None)
        return attrs.evolve(self, ca=self.authorities(), certificate=certificate, key=key)

    def authorities(self) -> bytes | None:
        """The authorities to trust; None for the system's.

        Raises:
            UsageError: They cannot be read.

        """
        return None if self.ca is None else read_authorities(self.ca, "ca")

    def identity(self) -> tuple[bytes, bytes] | None:
        """The client's certificate and key.

        Raises:
            UsageError: They cannot be read, or do not belong together.

        """
        if self.certificate is None or self.key is None:
            return None
        return read_pair(self.certificate, self.key)
