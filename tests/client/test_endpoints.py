from __future__ import annotations

from typing import Any

import pytest

from angzarr_domain.client import DomainClient, Tls
from angzarr_domain.client._endpoints import endpoint_for, endpoint_of, parse_endpoint
from angzarr_domain.exceptions import InvalidArgument, InvalidEndpoint, UsageError


@pytest.mark.parametrize(
    ("text", "target", "secure", "socket"),
    [
        ("localhost:1310", "dns:///localhost:1310", False, ""),
        ("127.0.0.1:1", "dns:///127.0.0.1:1", False, ""),
        ("[::1]:65535", "dns:///[::1]:65535", False, ""),
        ("ch-account.angzarr.svc:1310", "dns:///ch-account.angzarr.svc:1310", False, ""),
        ("http://localhost:1310", "dns:///localhost:1310", False, ""),
        ("http://localhost:1310/", "dns:///localhost:1310", False, ""),
        ("https://bank.example:443", "dns:///bank.example:443", True, ""),
        ("/run/angzarr.sock", "unix:/run/angzarr.sock", False, "/run/angzarr.sock"),
        ("./angzarr.sock", "unix:./angzarr.sock", False, "./angzarr.sock"),
        ("unix:angzarr.sock", "unix:angzarr.sock", False, "angzarr.sock"),
        ("unix:/run/angzarr.sock", "unix:/run/angzarr.sock", False, "/run/angzarr.sock"),
        ("unix:///run/angzarr.sock", "unix:/run/angzarr.sock", False, "/run/angzarr.sock"),
        ("/run/a b%20#?.sock", "unix:/run/a%20b%2520%23%3F.sock", False, "/run/a b%20#?.sock"),
    ],
)
def test_endpoints(text: str, target: str, secure: bool, socket: str) -> None:
    """What each form means: TCP, TLS for https (C-0319 to C-0321), a socket (C-0324, C-0325)."""
    endpoint = parse_endpoint(text)

    assert (endpoint.target, endpoint.secure, endpoint.socket) == (target, secure, socket)


@pytest.mark.parametrize("endpoint", [None, 1310])
def test_what_is_no_text(endpoint: Any) -> None:
    """As a variable that is not set gives it."""
    with pytest.raises(InvalidEndpoint, match=f"it has to be text, not {type(endpoint).__name__}"):
        DomainClient.connect(endpoint)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "empty"),
        ("localhost", "no port"),
        ("https://bank.example", "no port"),
        ("[::1]", "no port"),
        ("localhost:", "from 1 to 65535"),
        ("localhost:0", "from 1 to 65535"),
        ("localhost:65536", "from 1 to 65535"),
        ("localhost:http", "from 1 to 65535"),
        ("localhost:١٣", "from 1 to 65535"),
        ("::1:1310", "brackets"),
        ("[::g]:1310", "no name and no address"),
        (":1310", "no name and no address"),
        ("user@host:1310", "no name and no address"),
        (" localhost:1310", "no name and no address"),
        ("not an endpoint:1", "no name and no address"),
        ("http://localhost:1310/v1", "a path is not part of one: leave out '/v1'"),
        ("https://bank.example/v1", "a path is not part of one: leave out '/v1'"),
        ("localhost:1310/?wait=1", "a path is not part of one: leave out '/?wait=1'"),
        ("ftp://localhost:1310", "ftp://"),
        ("unix:", "no socket file"),
        ("unix:///", "no socket file"),
        ("unix://run/a.sock", "absolute"),
        ("/run/", "no socket file"),
        ("/" + "x" * 107, "107 bytes"),
        ("/run/\0.sock", "107 bytes, none of them 0"),
    ],
)
def test_text_that_is_no_endpoint(text: str, why: str) -> None:
    """It is refused before anything is dialled, saying what is wrong (C-0338)."""
    with pytest.raises(InvalidEndpoint, match=r"is no endpoint") as caught:
        parse_endpoint(text)

    assert why in str(caught.value)
    assert caught.value.endpoint == text


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        pytest.param({"WHERE": "a:1"}, "a:1", id="set"),
        pytest.param({}, "b:2", id="unset"),
        pytest.param({"WHERE": ""}, "b:2", id="empty"),
    ],
)
def test_from_an_environment_variable(environment: dict[str, str], expected: str) -> None:
    """Its text if there is any, else the default (C-0327 to C-0329)."""
    assert endpoint_of("WHERE", "b:2", environment) == expected


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, "ch-account.angzarr.svc:1310"),
        ({"ANGZARR_NAMESPACE": "prod", "ANGZARR_CH_PORT": "9"}, "ch-account.prod.svc:9"),
        ({"ANGZARR_MODE": "standalone"}, "/tmp/angzarr/ch-account.sock"),
        ({"ANGZARR_MODE": "standalone", "ANGZARR_UDS_BASE": "/run/a/"}, "/run/a/ch-account.sock"),
    ],
)
def test_where_conventions_put_a_domain(environment: dict[str, str], expected: str) -> None:
    """A Kubernetes name in distributed mode, a socket in standalone mode."""
    assert endpoint_for("account", environment) == expected


OVERRIDES: list[tuple[dict[str, Any], str]] = [
    ({}, "ch-account.prod.svc:9"),
    ({"namespace": "test", "port": 7}, "ch-account.test.svc:7"),
    ({"mode": "standalone"}, "/run/a/ch-account.sock"),
    ({"mode": "standalone", "base": "/run/b"}, "/run/b/ch-account.sock"),
    ({"tls": Tls()}, "https://ch-account.prod.svc:9"),
]


@pytest.mark.parametrize(("given", "dialled"), OVERRIDES)
def test_what_is_given_counts_before_the_environment(
    given: dict[str, Any], dialled: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Argument, environment, convention; in this order. With TLS to trust, it is TLS."""
    for name, value in {"NAMESPACE": "prod", "CH_PORT": "9", "UDS_BASE": "/run/a"}.items():
        monkeypatch.setenv(f"ANGZARR_{name}", value)
    with DomainClient.for_domain("account", **given) as client:
        transport: Any = client.connection._transport  # pyright: ignore[reportPrivateUsage] - nothing is dialled

        assert transport._endpoint == dialled


def test_unknown_mode() -> None:
    """A misspelt mode is an error, not the default."""
    with pytest.raises(UsageError, match="standalone or distributed"):
        endpoint_for("account", {"ANGZARR_MODE": "local"})


def test_conventions_need_a_domain() -> None:
    """A domain that is none would make a strange host name."""
    with pytest.raises(InvalidArgument):
        endpoint_for("Account!", {})
