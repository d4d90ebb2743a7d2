"""From an endpoint and what was said about it to what gRPC opens a channel with, blocking or awaited."""

from __future__ import annotations

import logging
import os
import re
import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import Final, Self

import attrs
import grpc

from angzarr_domain.client._endpoints import Endpoint
from angzarr_domain.client._settings import ChannelSettings
from angzarr_domain.client._tls import Tls
from angzarr_domain.exceptions import UsageError

logger: Final = logging.getLogger("angzarr_domain.client")

Metadata = tuple[tuple[str, str | bytes], ...]

_HEADER: Final = "authorization"
# How a folder of certificates is indexed.
_HASHED: Final = re.compile(r"[0-9a-f]{8}\.[0-9]+")
_TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/-]+=*")


@attrs.frozen
class Dialling:
    """What gRPC opens a channel with; without credentials it is not encrypted."""

    target: str
    options: tuple[tuple[str, int | str], ...]
    credentials: grpc.ChannelCredentials | None
    compression: grpc.Compression


def dialling_of(
    endpoint: Endpoint,
    credentials: grpc.ChannelCredentials | None = None,
    *,
    tls: Tls | None = None,
    settings: ChannelSettings | None = None,
) -> Dialling:
    """How to dial this endpoint. Raises as `open_channel` does."""
    chosen = ChannelSettings() if settings is None else settings
    options: dict[str, int | str] = {}
    if endpoint.socket:
        # gRPC would send the percent-encoded path as :authority, which HTTP/2 servers written in Rust refuse.
        options["grpc.default_authority"] = "localhost"
    if tls is not None and tls.server_name:
        options["grpc.ssl_target_name_override"] = tls.server_name
    return Dialling(
        endpoint.target,
        tuple((options | chosen.as_options()).items()),
        _credentials(endpoint, credentials, tls),
        grpc.Compression.Gzip if chosen.gzip else grpc.Compression.NoCompression,
    )


def _credentials(
    endpoint: Endpoint, credentials: grpc.ChannelCredentials | None, tls: Tls | None
) -> grpc.ChannelCredentials | None:
    if credentials is not None and tls is not None:
        raise UsageError("tls and credentials say the same: give one of them", field="tls")
    if endpoint.secure:
        return credentials or _tls_credentials(tls or Tls())
    if credentials is not None or tls is not None:
        field = "credentials" if tls is None else "tls"
        raise UsageError(f"{field} is for https:// endpoints, not for {endpoint.text}", field=field)
    return None


def _tls_credentials(tls: Tls) -> grpc.ChannelCredentials:
    trusted = tls.authorities() or _system_authorities()
    certificate, key = tls.identity() or (None, None)
    return grpc.ssl_channel_credentials(trusted, key, certificate)


def _system_authorities() -> bytes | None:
    # Left alone, gRPC trusts the roots in its own wheel rather than those of the system.
    context = ssl.create_default_context()
    places = ssl.get_default_verify_paths()
    if places.openssl_capath_env in os.environ or not context.get_ca_certs():
        _load_folders(context, os.environ.get(places.openssl_capath_env, places.openssl_capath))
    trusted = context.get_ca_certs(binary_form=True)
    if not trusted:
        logger.warning(
            "this system has no trusted roots, neither in %s nor in %s: those that gRPC brings along are trusted; "
            "install the system's, or name an authority by Tls(ca=...)",
            os.environ.get(places.openssl_cafile_env, places.openssl_cafile),
            os.environ.get(places.openssl_capath_env, places.openssl_capath),
        )
    return "".join(map(ssl.DER_cert_to_PEM_cert, trusted)).encode() or None


def _load_folders(context: ssl.SSLContext, folders: str) -> None:
    # OpenSSL itself looks there only once it meets a certificate, and lists nothing.
    # What cannot be read, it passes over as well.
    for folder in filter(os.path.isdir, folders.split(os.pathsep)):
        with suppress(OSError):
            for entry in os.scandir(folder):
                if _HASHED.fullmatch(entry.name):
                    with suppress(ssl.SSLError, OSError):
                        context.load_verify_locations(cafile=entry.path)


@attrs.frozen
class Token:
    """Shows a server who is calling, where nobody on the way can read it.

    Attributes:
        source: The bearer token, or what gives it, asked before each call; None for none.
        readable: Where it could be read on the way; "" where nobody can, or where that is allowed.

    """

    source: str | Callable[[], str] | None = attrs.field(default=None, repr=False)
    readable: str = ""

    @classmethod
    def of(cls, source: str | Callable[[], str] | None, endpoint: Endpoint, *, in_plaintext: bool) -> Self:
        """The token for calls to this endpoint.

        Raises:
            UsageError: Whoever listens in on the way could read and use it; or it is none.

        """
        protected = endpoint.secure or endpoint.socket or in_plaintext
        token = cls(source, "" if protected else endpoint.text)
        if source is not None and token.readable:
            raise _readable("a token", token.readable, "token")
        if isinstance(source, str):
            token.beside(())  # a wrong one is an error here rather than at the first call
        return token

    def check(self, metadata: Metadata) -> bool:
        """Whether the metadata shows who is calling.

        Raises:
            UsageError: It does, and could be read on the way.

        """
        shows = any(key == _HEADER for key, _ in metadata)
        if shows and self.readable:
            raise _readable(f"metadata {_HEADER!r}", self.readable, "metadata")
        return shows

    def beside(self, metadata: Metadata) -> Metadata:
        """The metadata of a call with the token, unless the call brings its own.

        Raises:
            UsageError: It is no token, or the call's own could be read on the way.

        """
        if self.check(metadata) or self.source is None:
            return metadata
        text = self.source if isinstance(self.source, str) else self.source()
        if not (isinstance(text, str) and _TOKEN.fullmatch(text)):  # pyright: ignore[reportUnnecessaryIsInstance] - what a function gives
            raise UsageError("the token is no bearer token: letters, digits and ._~+/- without spaces", field="token")
        return (*metadata, (_HEADER, f"Bearer {text}"))


def _readable(what: str, endpoint: str, field: str) -> UsageError:
    return UsageError(
        f"{what} sent to {endpoint} can be read on the way: use https://, a socket, or allow it by "
        "token_in_plaintext=True",
        field=field,
    )
