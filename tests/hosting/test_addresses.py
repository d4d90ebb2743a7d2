"""Addresses to serve on: which texts they are, and which sockets they stand for."""

import socket
from typing import Any

import pytest

from angzarr_domain.exceptions import InvalidEndpoint, ServingError
from angzarr_domain.hosting._addresses import SocketAddress, TcpAddress, listening_points, parse_address


@pytest.fixture(name="names")
def _names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """Host names of the test's own, with the addresses they resolve to."""
    known: dict[str, list[str]] = {}
    real = socket.getaddrinfo

    def resolve(host: str, port: int, **options: Any) -> Any:
        if host not in known:
            return real(host, port, **options)
        family = {True: socket.AF_INET6, False: socket.AF_INET}
        return [(family[":" in ip], socket.SOCK_STREAM, 6, "", (ip, port)) for ip in known[host]]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return known


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("localhost:1310", "localhost", 1310),
        ("127.0.0.1:0", "127.0.0.1", 0),
        ("[::]:50052", "::", 50052),
        ("http://localhost:1310", "localhost", 1310),
        ("http://localhost:1310/", "localhost", 1310),
    ],
)
def test_tcp_forms(text: str, host: str, port: int) -> None:
    """Host and port, with or without http://, IPv6 in brackets, port 0 for any free one."""
    assert parse_address(text) == TcpAddress(text, host, port)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("/run/bank.sock", "/run/bank.sock"),
        ("./bank.sock", "./bank.sock"),
        ("unix:./bank.sock", "./bank.sock"),
        ("unix:/run/bank.sock", "/run/bank.sock"),
        ("unix:///run/bank.sock", "/run/bank.sock"),
    ],
)
def test_socket_forms(text: str, path: str) -> None:
    """A path that shows itself as one, or anything after unix:."""
    assert parse_address(text) == SocketAddress(text, path)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "localhost",
        ":1310",
        "localhost:",
        "localhost:x",
        "localhost:65536",
        "::1:80",
        "[::1]",
        "unix:",
        "unix://x/y",
        "unix:a\0b",
    ],
)
def test_anything_else_is_no_address(text: str) -> None:
    """A host without a port, above all, is refused rather than completed."""
    with pytest.raises(InvalidEndpoint):
        parse_address(text)


def test_a_path_is_no_part_of_an_address() -> None:
    """It is the path that is named, not host or port."""
    with pytest.raises(InvalidEndpoint, match="a path is not part of one: leave out '/v1'"):
        parse_address("https://localhost:1310/v1")


def test_tls() -> None:
    """https:// is a promise of TLS, and part of what is reported."""
    address = parse_address("https://localhost:0")

    assert isinstance(address, TcpAddress)
    assert (address.secure, address.text(4711)) == (True, "https://localhost:4711")


def test_text_has_the_port_it_got() -> None:
    """What is reported can be dialled as it stands."""
    assert TcpAddress("[::1]:0", "::1", 0).text(4711) == "[::1]:4711"


def test_name_stands_for_all_its_addresses(names: dict[str, list[str]]) -> None:
    """Every address is bound, and all on one port."""
    names["both.test"] = ["127.0.0.1", "127.0.0.2"]
    hosts, port = listening_points(TcpAddress("both.test:0", "both.test", 0))

    assert (hosts, port > 0) == (["127.0.0.1", "127.0.0.2"], True)


def test_one_taken_address_of_a_name_is_a_failure(names: dict[str, list[str]]) -> None:
    """`localhost:P` beside a server on 127.0.0.1:P must not quietly serve ::1 alone."""
    names["both.test"] = ["127.0.0.2", "127.0.0.1"]
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ServingError) as caught:
            listening_points(TcpAddress(f"both.test:{port}", "both.test", port))

    assert (caught.value.code, caught.value.address) == ("ADDRESS_IN_USE", f"both.test:{port}")


def test_address_this_machine_lacks_is_left_out_of_a_name(names: dict[str, list[str]]) -> None:
    """A localhost that resolves to ::1 as well works on a machine without it."""
    names["some.test"] = ["2001:db8::1", "127.0.0.1"]

    assert listening_points(TcpAddress("some.test:0", "some.test", 0)) == (["127.0.0.1"], 0)


def test_address_this_machine_lacks_cannot_be_served_alone() -> None:
    """With nothing else to bind it is an error."""
    with pytest.raises(ServingError) as caught:
        listening_points(TcpAddress("[2001:db8::1]:0", "2001:db8::1", 0))

    assert caught.value.code == "ADDRESS_UNUSABLE"


def test_unknown_name_is_an_error() -> None:
    """A name that does not resolve is named."""
    with pytest.raises(ServingError, match=r"nowhere\.invalid"):
        listening_points(TcpAddress("nowhere.invalid:1", "nowhere.invalid", 1))


def test_all_addresses_means_ipv4_where_there_is_no_ipv6(monkeypatch: pytest.MonkeyPatch) -> None:
    """[::] is the sidecars' way to say "everywhere"; without IPv6 that is 0.0.0.0."""
    real = socket.socket

    def without_ipv6(family: int, kind: int) -> socket.socket:
        if family == socket.AF_INET6:
            raise OSError(97, "Address family not supported by protocol")
        return real(family, kind)

    monkeypatch.setattr(socket, "socket", without_ipv6)

    assert listening_points(TcpAddress("[::]:0", "::", 0)) == (["0.0.0.0"], 0)
