"""What a part of yours has to do to take the place of one of ours, as tests to subclass.

class TestMyStore(EventStoreContract):
    @pytest.fixture(name="store")
    def _store(self):
        ...
"""

import pytest

pytest.register_assert_rewrite(f"{__name__}._event_store")

from ._event_store import EventStoreContract  # noqa: E402 - after pytest was told to explain its asserts

__all__ = ["EventStoreContract"]
