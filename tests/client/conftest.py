from __future__ import annotations

from collections.abc import Iterator

import pytest

from angzarr_domain.client import DomainClient
from angzarr_domain.hosting import Serving
from tests.awaited import KINDS
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


@pytest.fixture(name="kind", params=KINDS)
def _kind(request: pytest.FixtureRequest) -> type[DomainClient]:
    """The blocking client, and the asynchronous one behind the same names."""
    name: str = request.param
    return KINDS[name]


@pytest.fixture(name="client")
def _client(kind: type[DomainClient], endpoint: str) -> Iterator[DomainClient]:
    with kind.connect(endpoint, aggregates=[Wallet]) as client:
        yield client
