from __future__ import annotations

from collections.abc import Iterator

import pytest

from angzarr_domain.embedded._store.base import EventStore
from angzarr_domain.embedded._store.memory import MemoryStore
from angzarr_domain.testing.contracts import EventStoreContract


class TestMemoryStore(EventStoreContract):
    @pytest.fixture(name="store")
    def _store(self) -> Iterator[EventStore]:
        store = MemoryStore()
        yield store
        store.close()
