"""Text that says where a coordinator is, and what it means to gRPC. Nothing is dialled here."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

import attrs

from angzarr_domain.books import check_domain
from angzarr_domain.exceptions import InvalidEndpoint, UsageError

#: The kernel's limit on the path of a socket.
MAX_SOCKET_PATH: Final = 107

_MAX_PORT: Final = 65_535
_HOST: Final = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_.])?")


@attrs.frozen
class Endpoint:
    """Where to connect.

    Attributes:
        text: As it was given.
        target: What gRPC dials.
        secure: Whether the connection is TLS.
        socket: The path of a Unix socket; "" for TCP.

    """

    text: str
    target: str
    secure: bool = False
    socket: str = ""


def parse_endpoint(text: str) -> Endpoint:
    """Read host:port, http://host:port, https://host:port (TLS), /abs.sock, ./rel.sock, unix:PATH or unix:///abs.

    A relative path starts at the working directory at the time of dialling.

    Raises:
        InvalidEndpoint: Anything else, and a host without a port: gRPC would quietly dial 443.

    """
    if not isinstance(text, str):  # pyright: ignore[reportUnnecessaryIsInstance] - a variable that is not set gives None
        raise InvalidEndpoint(repr(text), f"it has to be text, not {type(text).__name__}")
    if not text:
        raise InvalidEndpoint(text, "it is empty")
    if text.startswith(("/", "./", "../")):
        return _socket(text, text)
    if text.startswith("unix:"):
        path = text.removeprefix("unix:")
        if path.startswith("//") and not path.startswith("///"):
            raise InvalidEndpoint(text, "after unix:// the path has to be absolute")
        return _socket(text, path.removeprefix("//"))
    scheme, separator, address = text.rpartition("://")
    if separator and scheme not in {"http", "https"}:
        raise InvalidEndpoint(text, f"nothing is known of {scheme}://")
    return _tcp(text, address.removesuffix("/") if separator else address, secure=scheme == "https")


def _socket(text: str, path: str) -> Endpoint:
    if not path or path.endswith("/"):
        raise InvalidEndpoint(text, "it names no socket file")
    if "\0" in path or len(os.fsencode(path)) > MAX_SOCKET_PATH:
        raise InvalidEndpoint(text, f"the path of a socket is up to {MAX_SOCKET_PATH} bytes, none of them 0")
    # gRPC reads the target as a URI: "%", "#" and "?" in a file's name have to be escaped.
    return Endpoint(text, f"unix:{quote(path)}", socket=path)


def _tcp(text: str, address: str, *, secure: bool) -> Endpoint:
    _, slash, path = address.partition("/")
    if slash:
        raise InvalidEndpoint(text, f"a path is not part of one: leave out {slash + path!r}")
    host, colon, port = address.rpartition(":")
    if not colon or address.endswith("]"):
        raise InvalidEndpoint(text, "it has no port")
    if not (port.isascii() and port.isdigit() and 0 < int(port) <= _MAX_PORT):
        raise InvalidEndpoint(text, f"the port has to be a number from 1 to {_MAX_PORT}")
    if not _is_host(host):
        raise InvalidEndpoint(text, "the host is no name and no address (one of IPv6 goes into brackets)")
    return Endpoint(text, f"dns:///{address}", secure=secure)


def _is_host(host: str) -> bool:
    if host.startswith("[") and host.endswith("]"):
        try:
            ipaddress.IPv6Address(host[1:-1])
        except ValueError:
            return False
        return True
    return _HOST.fullmatch(host) is not None


def endpoint_of(variable: str, default: str, environment: Mapping[str, str] = os.environ) -> str:
    """The text of an environment variable, or the default where it is unset or empty (C-0327 to C-0329)."""
    return environment.get(variable) or default


def endpoint_for(domain: str, environment: Mapping[str, str] = os.environ) -> str:
    """Where the coordinator of a domain is by Angzarr's conventions.

    ANGZARR_MODE=distributed (the default) is `ch-DOMAIN.NAMESPACE.svc:PORT`, with ANGZARR_NAMESPACE ("angzarr") and
    ANGZARR_CH_PORT (1310); ANGZARR_MODE=standalone is `BASE/ch-DOMAIN.sock`, with ANGZARR_UDS_BASE ("/tmp/angzarr").

    Raises:
        InvalidArgument: The domain is no domain.
        UsageError: ANGZARR_MODE is something else.

    """
    check_domain(domain, "domain")
    mode = environment.get("ANGZARR_MODE") or "distributed"
    if mode == "standalone":
        base = environment.get("ANGZARR_UDS_BASE") or "/tmp/angzarr"  # noqa: S108 - the convention of the sidecars
        return f"{base.rstrip('/')}/ch-{domain}.sock"
    if mode == "distributed":
        namespace = environment.get("ANGZARR_NAMESPACE") or "angzarr"
        port = environment.get("ANGZARR_CH_PORT") or "1310"
        return f"ch-{domain}.{namespace}.svc:{port}"
    raise UsageError(f"ANGZARR_MODE is standalone or distributed, not {mode!r}", field="mode")
