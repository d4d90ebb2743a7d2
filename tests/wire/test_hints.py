"""How long a peer asks to wait, wherever it says so (C-0362)."""

import math
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from angzarr_domain.exceptions import StreamBusy
from angzarr_domain.wire import from_status, to_status
from angzarr_domain.wire.pb import messages as pb


def details(seconds: int, nanos: int = 0) -> bytes:
    """Error details with nothing but a RetryInfo, as a proxy sends them."""
    info = pb.RetryInfo(retry_delay=pb.Duration(seconds=seconds, nanos=nanos))
    packed = pb.Any(type_url="type.googleapis.com/google.rpc.RetryInfo", value=info.SerializeToString())
    return pb.Status(code=14, details=[packed]).SerializeToString()


@pytest.mark.parametrize("seconds", [0.0, 0.25, 90.0])
def test_a_wait_survives_the_way(seconds: float) -> None:
    """An error of ours carries it in its details, beside its code."""
    error = StreamBusy("many writers")
    error.retry_after = seconds
    wire = to_status(error)
    back = from_status(wire.status, wire.message, wire.details)

    assert (type(back), back.retry_after) == (StreamBusy, seconds)


def test_a_wait_without_a_code() -> None:
    """RetryInfo is read where there is no ErrorInfo, too."""
    assert from_status(14, "slow down", details(1, 500_000_000)).retry_after == 1.5


def test_a_negative_wait_is_none_at_all() -> None:
    """No time passes backwards."""
    assert from_status(14, "slow down", details(-5)).retry_after == 0.0


def test_a_broken_wait_does_no_harm() -> None:
    """Bytes that are no RetryInfo under its name."""
    packed = pb.Any(type_url="type.googleapis.com/google.rpc.RetryInfo", value=b"\xff")
    broken = pb.Status(code=14, details=[packed]).SerializeToString()

    assert from_status(14, "slow down", broken).retry_after is None


@pytest.mark.parametrize(
    ("key", "value", "seconds"),
    [
        ("grpc-retry-pushback-ms", "1500", 1.5),
        ("grpc-retry-pushback-ms", "-1", math.inf),
        ("grpc-retry-pushback-ms", "soon", math.inf),
        ("retry-after", "3", 3.0),
        ("retry-after", "0.5", 0.5),
        ("retry-after", "soon", None),
        ("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT", 0.0),
        ("retry-after", "Sun, 06 Nov 1994 08:49:37 -0000", 0.0),
        ("something-else", "3", None),
    ],
)
def test_a_wait_in_trailers(key: str, value: str, seconds: float | None) -> None:
    """GRPC's word and HTTP's word; a negative pushback asks for no further attempt."""
    assert from_status(14, "slow down", trailers=[(key, value)]).retry_after == seconds


def test_a_date_to_come() -> None:
    """Is as many seconds away as it is."""
    hour = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    found = from_status(14, "slow down", trailers=[("retry-after", hour)]).retry_after

    assert found is not None
    assert 3_000 < found <= 3_600


def test_details_count_before_trailers() -> None:
    """The peer itself knows better than proxies on the way."""
    assert from_status(14, "slow down", details(1), trailers=[("retry-after", "9")]).retry_after == 1.0
