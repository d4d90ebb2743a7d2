from __future__ import annotations

import pytest

from angzarr_domain.client._transports._unreachable import explain


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("last error: UNKNOWN: unix:/c.sock: connect: No such file or directory (2)", "no socket file c:1"),
        ("unix:/c.sock: connect failed: addr: unix:/c.sock error: Permission denied", "may not open c:1"),
        ("last error: UNKNOWN: ipv4:127.0.0.1:1: connect: Connection refused (111)", "nothing listens at c:1"),
        ("DNS resolution failed for c:1: C-ares status is not ARES_SUCCESS", "cannot be resolved (DNS)"),
        ("errors resolving c:1: [field:hostname lookup error]", "cannot be resolved (DNS)"),
        (
            "last error: UNKNOWN: Ssl handshake failed: certificate verify failed",
            "TLS with c:1 failed: nothing could be agreed",
        ),
        ("last error: UNAVAILABLE: ipv4:1.2.3.4:1: Handshake read failed (Endpoint closing)", "does not answer"),
        ("connection attempt timed out before receiving SETTINGS frame", "wants https://"),
        ("last error: UNKNOWN: connect: Connection timed out (110)", "does not answer"),
        ("Socket closed", "lost in mid-call"),
        ("the moon is full", "no connection to c:1: the moon is full"),
    ],
)
def test_reasons(text: str, says: str) -> None:
    """Each says which of the many ways it is, and keeps gRPC's own text."""
    assert says in explain(text, "c:1")
    assert text in explain(text, "c:1")


def test_an_unknown_place() -> None:
    """A channel of the user's own has no endpoint to name."""
    assert "nothing listens at the channel's peer" in explain("Connection refused", "")
