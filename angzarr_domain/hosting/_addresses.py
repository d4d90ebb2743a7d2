"""The text of an address to serve on, and the sockets it stands for."""

from __future__ import annotations

import errno
import os
import re
import socket
from contextlib import ExitStack

import attrs

from angzarr_domain.exceptions import InvalidEndpoint, ServingError

_HOST_PORT = re.compile(r"(?P<host>\[[^\]/]+\]|[^:/\[\]\s]+):(?P<port>[0-9]{1,5})")
_MAX_PORT = 65535
_NOT_OF_THIS_MACHINE = {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}
_TRIES_FOR_A_FREE_PORT = 20


@attrs.frozen
class TcpAddress:
    """A host and a port; port 0 is any free one."""

    given: str
    host: str
    port: int
    secure: bool = False

    def text(self, port: int) -> str:
        """The address with the port that it got."""
        place = f"[{self.host}]:{port}" if ":" in self.host else f"{self.host}:{port}"
        return f"https://{place}" if self.secure else place


@attrs.frozen
class SocketAddress:
    """The path of a Unix socket, as it was given."""

    given: str
    path: str

    @property
    def text(self) -> str:
        return f"unix:{self.path}"


def parse_address(text: str) -> TcpAddress | SocketAddress:
    """The address: host:port, http://host:port, https://host:port, /absolute.sock, ./relative.sock or unix:PATH.

    Raises:
        InvalidEndpoint: It is none of these, or has no port.

    """
    if "\0" in text:
        raise InvalidEndpoint(text, "it holds a byte 0, which no path and no host has")
    if text.startswith(("/", "./", "../")):
        return SocketAddress(text, text)
    if text.startswith("unix:"):
        path = text.removeprefix("unix:")
        path = path.removeprefix("//") if path.startswith("///") else path
        if not path or path.startswith("//"):
            raise InvalidEndpoint(text, "after unix: comes the path of a socket, such as unix:/run/bank.sock")
        return SocketAddress(text, path)
    secure = text.startswith("https://")
    place, slash, path = text.removeprefix("https://" if secure else "http://").removesuffix("/").partition("/")
    found = _HOST_PORT.fullmatch(place)
    if found and slash:
        raise InvalidEndpoint(text, f"a path is not part of one: leave out {slash + path!r}")
    if found is None:
        raise InvalidEndpoint(text, "host and port are needed, IPv6 hosts in brackets, port 0 for any free one")
    if int(found["port"]) > _MAX_PORT:
        raise InvalidEndpoint(text, f"ports end at {_MAX_PORT}")
    return TcpAddress(text, found["host"].strip("[]"), int(found["port"]), secure)


def listening_points(address: TcpAddress) -> tuple[list[str], int]:
    """Every IP address to bind, and the port for all of them; 0 only where there is just one.

    gRPC is satisfied when one address of a name binds, so `localhost:P` beside a server on 127.0.0.1:P would
    quietly serve ::1 alone. Hence each is tried here. One that this machine does not have (::1 without
    IPv6) is left out while another remains.

    Raises:
        ServingError: The name cannot be resolved, or one of its addresses cannot be bound.

    """
    hosts = _resolved(address)
    for _ in range(_TRIES_FOR_A_FREE_PORT):
        try:
            bindable, port = _tried(hosts, address.port)
        except OSError as error:
            if error.errno == errno.EADDRINUSE and address.port == 0:
                continue  # free on the first address, taken on another
            raise unusable(address.given, error) from error
        return bindable, port if len(bindable) > 1 else address.port
    raise ServingError(f"no port is free on all of {', '.join(hosts)}", address=address.given, code="ADDRESS_IN_USE")


def unusable(given: str, error: OSError) -> ServingError:
    """The error for an address that the system refuses."""
    if error.errno == errno.EADDRINUSE:
        return ServingError(
            f"{given} is in use by another server: stop that one or choose another address",
            address=given,
            code="ADDRESS_IN_USE",
        )
    reason = os.strerror(error.errno) if error.errno else type(error).__name__
    return ServingError(f"{given} cannot be served: {reason}", address=given, code="ADDRESS_UNUSABLE")


def _resolved(address: TcpAddress) -> list[str]:
    try:
        found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (socket.gaierror, UnicodeError) as error:
        raise ServingError(
            f"{address.given} cannot be served: the host name {address.host} is not known here",
            address=address.given,
            code="ADDRESS_UNUSABLE",
        ) from error
    return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))


def _tried(hosts: list[str], port: int) -> tuple[list[str], int]:
    bindable: list[str] = []
    refused: OSError | None = None
    with ExitStack() as held:
        for host in hosts:
            try:
                port = _bind(host, port, held)
            except OSError as error:
                if error.errno not in _NOT_OF_THIS_MACHINE:
                    raise
                refused = error
                continue
            bindable.append(host)
    if refused is not None and not bindable:
        if hosts == ["::"]:  # "every address" on a machine without IPv6 is every IPv4 address
            return _tried(["0.0.0.0"], port)  # noqa: S104 - the caller asked for all
        raise refused
    return bindable, port


def _bind(host: str, port: int, held: ExitStack) -> int:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    tried = held.enter_context(socket.socket(family, socket.SOCK_STREAM))
    # As gRPC binds: connections of a server just gone are no hindrance, and "::" takes IPv4 as well.
    tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if host == "::":
        tried.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    elif family == socket.AF_INET6:
        tried.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    tried.bind((host, port))
    bound: int = tried.getsockname()[1]
    return bound
