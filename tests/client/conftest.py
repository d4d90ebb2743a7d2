from __future__ import annotations

from collections.abc import Iterator

import pytest

from angzarr_domain.client import DomainClient
from angzarr_domain.hosting import Serving
from tests.peers import Peer
from tests.wallet import Wallet


@pytest.fixture(name="peer")
def _peer() -> Peer:
    return Peer()


@pytest.fixture(name="endpoint")
def _endpoint(peer: Peer) -> Iterator[str]:
    """Where the peer serves, over TCP."""
    with Serving(peer.served(), ["127.0.0.1:0"]) as serving:
        yield serving.addresses[0]


@pytest.fixture(name="client")
def _client(endpoint: str) -> Iterator[DomainClient]:
    with DomainClient.connect(endpoint, aggregates=[Wallet]) as client:
        yield client
