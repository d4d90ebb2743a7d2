"""Certificates for tests: authorities made on the spot, and what they sign."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import attrs
import trustme


@attrs.frozen
class Issued:
    """A certificate with those between it and its authority, and its key, as PEM."""

    certificate: bytes
    key: bytes

    def written(self, folder: Path, name: str) -> tuple[Path, Path]:
        """The two as files."""
        paths = folder / f"{name}.crt", folder / f"{name}.key"
        paths[0].write_bytes(self.certificate)
        paths[1].write_bytes(self.key)
        return paths


class Authority:
    """Signs certificates; `pem` is what trusts them."""

    def __init__(self) -> None:
        self._ca = trustme.CA()
        self.pem: bytes = self._ca.cert_pem.bytes()

    def issue(self, *names: str, since: int = -1, until: int = 1) -> Issued:
        """A certificate for these hosts, valid from and until so many days from now."""
        now = datetime.now(UTC)
        made = self._ca.issue_cert(
            *(names or ("localhost", "127.0.0.1")),
            not_before=now + timedelta(days=since),
            not_after=now + timedelta(days=until),
        )
        return Issued(b"".join(part.bytes() for part in made.cert_chain_pems), made.private_key_pem.bytes())
