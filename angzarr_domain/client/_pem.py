"""Certificates and keys as PEM: where they are read from, and whether they are any."""

from __future__ import annotations

import os
import ssl
import sys
from collections.abc import Generator
from contextlib import ExitStack, contextmanager

from angzarr_domain.exceptions import UsageError

#: A path, or the PEM text itself as bytes.
Pem = str | os.PathLike[str] | bytes


def shown(source: Pem | None) -> str:
    """How it looks in a repr: keys are never part of one."""
    return "bytes" if isinstance(source, bytes) else repr(source)


def read_pem(source: Pem, field: str) -> bytes:
    """The bytes of a PEM file.

    Raises:
        UsageError: It cannot be read; `field` is the parameter's name.

    """
    if isinstance(source, bytes):
        return source
    path = os.fspath(source)
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - what a Path would do as well
            return file.read()
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else type(error).__name__
        raise UsageError(f"{field} {path!r} cannot be read: {reason}", field=field) from error


def read_authorities(source: Pem, field: str) -> bytes:
    """Certificates of authorities.

    Raises:
        UsageError: It cannot be read, or holds no certificate: gRPC would only say that it cannot connect.

    """
    data = read_pem(source, field)
    try:
        # Comments beside the certificates may be in any alphabet and encoding.
        text = data.decode("latin-1").encode("ascii", "replace").decode()
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=text)
    except (ssl.SSLError, ValueError) as error:
        raise UsageError(
            f"{field} holds no readable certificate: give PEM, as a path or as bytes", field=field
        ) from error
    return data


def read_pair(certificate: Pem, key: Pem) -> tuple[bytes, bytes]:
    """A certificate, with those between it and its authority, and its key.

    Raises:
        UsageError: One cannot be read, or they do not belong together.

    """
    chain, private = read_pem(certificate, "certificate"), read_pem(key, "key")
    if b"ENCRYPTED" in private:
        raise UsageError("the key is encrypted, which gRPC cannot read: give one without a passphrase", field="key")
    if sys.platform == "linux":
        # Elsewhere there are no files in memory, and gRPC itself finds out: it does not connect, or serve.
        _check_pair(chain, private)
    return chain, private


def _check_pair(chain: bytes, private: bytes) -> None:
    try:
        load_pair(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), chain, private)
    except ssl.SSLError as error:
        raise UsageError(
            "certificate and key are no pair, or no PEM: give both of the same issue", field="certificate"
        ) from error


def load_pair(context: ssl.SSLContext, chain: bytes, private: bytes) -> None:
    """Have a context show this certificate, which only Linux takes from memory.

    Raises:
        ssl.SSLError: It is none, or not the key's.

    """
    with _as_files(chain, private) as paths:
        context.load_cert_chain(*paths)


@contextmanager
def _as_files(*contents: bytes) -> Generator[list[str], None, None]:
    # In memory: a private key never reaches a disk by our doing.
    with ExitStack() as closing:
        paths: list[str] = []
        for content in contents:
            file = closing.enter_context(open(os.memfd_create("pem"), "wb"))  # noqa: PTH123 - it has no path
            file.write(content)
            file.flush()
            paths.append(f"/proc/self/fd/{file.fileno()}")
        yield paths
