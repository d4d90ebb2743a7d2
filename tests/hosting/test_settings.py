"""Where a host serves when nobody said so."""

import pytest

from angzarr_domain.exceptions import UsageError
from angzarr_domain.hosting._settings import address_from_environment


@pytest.mark.parametrize(
    ("environment", "address"),
    [
        pytest.param({}, "localhost:50052", id="nothing"),
        pytest.param({"PORT": "6000"}, "[::]:6000", id="port"),
        pytest.param({"PORT": "6000", "ANGZARR_BIND_ADDRESS": "127.0.0.1:0"}, "127.0.0.1:0", id="address first"),
        pytest.param({"PORT": "", "ANGZARR_BIND_ADDRESS": "", "TRANSPORT_TYPE": ""}, "localhost:50052", id="empty"),
        pytest.param({"TRANSPORT_TYPE": "uds"}, "unix:/tmp/angzarr/business-ledger.sock", id="socket"),
        pytest.param(
            {"TRANSPORT_TYPE": "uds", "UDS_BASE_PATH": "/run/az/", "SERVICE_NAME": "logic", "DOMAIN": "orders"},
            "unix:/run/az/logic-orders.sock",
            id="socket by name",
        ),
    ],
)
def test_address_of_an_environment(environment: dict[str, str], address: str) -> None:
    """Loopback unless told otherwise; an empty variable counts as unset (C-0499)."""
    assert address_from_environment(["ledger"], environment) == address


def test_socket_of_several_domains_needs_a_name() -> None:
    """Which one the sidecar looks for cannot be guessed."""
    with pytest.raises(UsageError, match="set DOMAIN"):
        address_from_environment(["ledger", "payment"], {"TRANSPORT_TYPE": "uds"})


def test_unknown_transport_is_refused() -> None:
    """A misspelt setting is not taken for the default."""
    with pytest.raises(UsageError, match="TRANSPORT_TYPE"):
        address_from_environment(["ledger"], {"TRANSPORT_TYPE": "udp"})
