"""When what failed is tried again, and how long is waited: numbers, without any I/O."""

from __future__ import annotations

import math
from collections.abc import Callable
from uuid import UUID

import pytest

from angzarr_domain.books import (
    AngzarrDeferredSequence,
    CommandBook,
    CommandPage,
    CommandRequest,
    Cover,
    EventBook,
    EventPage,
    EventRequest,
    ExternalDeferredSequence,
    Notification,
    Query,
)
from angzarr_domain.client import DomainClient, Protocol, RecordingTransport, RetryPolicy
from angzarr_domain.exceptions import (
    AngzarrError,
    ConnectionFailed,
    DeadlineExceeded,
    InvalidArgument,
    ServerError,
    Status,
    StreamBusy,
    UnknownOutcome,
    UsageError,
)
from angzarr_domain.wire import NOTIFICATION
from tests.wallet import Put

ROOT = UUID(int=7)
QUERY = Query(Cover("wallet", ROOT))
QUICK = RetryPolicy(attempts=3, min_delay=1e-6, max_delay=1e-6)


def test_the_defaults() -> None:
    """100 ms, doubled up to 5 s, ten attempts, jitter (C-0127)."""
    policy = RetryPolicy()

    assert (policy.min_delay, policy.max_delay, policy.attempts, policy.jitter) == (0.1, 5.0, 10, True)


def test_delays_double() -> None:
    """Up to the longest."""
    policy = RetryPolicy(jitter=False)

    assert [policy.delay(failures) for failures in range(1, 9)] == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]


def test_jitter_shortens_by_up_to_half() -> None:
    """So that callers who failed together do not come back together."""
    policy = RetryPolicy(min_delay=1, max_delay=1)
    delays = [policy.delay(1) for _ in range(200)]

    assert 0.5 <= min(delays) < max(delays) < 1


def test_very_many_failures() -> None:
    """Doubling does not overflow."""
    assert RetryPolicy(attempts=10**9, jitter=False).delay(10**8) == 5.0


def test_what_the_peer_asks_for() -> None:
    """Is waited at the least, and infinity means no other attempt."""
    error = StreamBusy("many writers")
    error.retry_after = 9.0
    assert RetryPolicy(jitter=False).wait_after(1, error) == 9.0

    error.retry_after = math.inf
    assert RetryPolicy().wait_after(1, error) is None


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: RetryPolicy(attempts=0), "attempts"),
        (lambda: RetryPolicy(min_delay=0), "min_delay"),
        (lambda: RetryPolicy(max_delay=math.inf), "max_delay"),
        (lambda: RetryPolicy(min_delay=9), "max_delay"),
        (lambda: RetryPolicy(attempt_timeout=-1), "attempt_timeout"),
    ],
)
def test_numbers_that_make_no_sense(make: Callable[[], object], field: str) -> None:
    """Are refused by name."""
    with pytest.raises(UsageError) as caught:
        make()

    assert caught.value.field == field


class Operation:
    """Fails so often, then succeeds."""

    def __init__(self, failures: int, error: AngzarrError | None = None) -> None:
        self.calls = 0
        self._failures = failures
        self._error = error or ConnectionFailed("nobody listens")

    def __call__(self) -> str:
        self.calls += 1
        if self.calls <= self._failures:
            raise self._error
        return "done"


def test_an_operation_of_ones_own() -> None:
    """Is called until it succeeds (C-0128)."""
    operation = Operation(2)

    assert RetryPolicy(attempts=5, min_delay=1e-6).execute(operation) == "done"
    assert operation.calls == 3


def test_an_operation_that_never_succeeds() -> None:
    """Ends with its last error, after as many calls as there are attempts (C-0129)."""
    operation = Operation(99)

    with pytest.raises(ConnectionFailed):
        QUICK.execute(operation)
    assert operation.calls == 3


@pytest.mark.parametrize("error", [InvalidArgument("no root"), UnknownOutcome("lost")])
def test_an_operation_that_is_not_to_be_repeated(error: AngzarrError) -> None:
    """Is not, where another attempt would fail again or do harm twice."""
    operation = Operation(99, error)

    with pytest.raises(type(error)):
        QUICK.execute(operation)
    assert operation.calls == 1


def told() -> tuple[list[tuple[int, str]], RetryPolicy]:
    """A policy, and what it tells."""
    seen: list[tuple[int, str]] = []
    return seen, RetryPolicy(
        attempts=3,
        min_delay=1e-6,
        max_delay=1e-6,
        on_retry=lambda attempt, error: seen.append((attempt, error.code)),
    )


def test_the_hook_of_an_operation() -> None:
    """Is told between attempts only: twice for three failures (C-0130)."""
    seen, policy = told()

    with pytest.raises(ConnectionFailed):
        policy.execute(Operation(99))

    assert seen == [(1, "CONNECTION_FAILED"), (2, "CONNECTION_FAILED")]


def test_the_hook_of_a_call() -> None:
    """Is told the same (C-0130)."""
    seen, policy = told()
    transport = RecordingTransport([ConnectionFailed("nobody listens"), StreamBusy("x"), EventBook()])

    with DomainClient.for_transport(transport, retry=policy) as client:
        client.query.get_event_book(QUERY)

    assert seen == [(1, "CONNECTION_FAILED"), (2, "STREAM_BUSY")]


def test_nothing_is_tried_again_unasked() -> None:
    """A client without a policy makes each call once."""
    transport = RecordingTransport([ConnectionFailed("nobody listens"), EventBook()])

    with DomainClient.for_transport(transport) as client, pytest.raises(ConnectionFailed):
        client.query.get_event_book(QUERY)
    assert len(transport.calls) == 1


def test_a_command_that_was_not_sent() -> None:
    """Is sent again, in whatever way it is to be stored; each time the very same."""
    transport = RecordingTransport([ConnectionFailed("nobody listens"), ConnectionFailed("nobody listens")])

    with DomainClient.for_transport(transport, retry=QUICK) as client, pytest.raises(UsageError):
        client.command(Put(amount=5)).send()

    assert [call.method.name for call in transport.calls] == ["HandleCommand"] * 3
    assert len({call.request for call in transport.calls}) == 1


@pytest.mark.parametrize("status", [Status.PERMISSION_DENIED, Status.UNAUTHENTICATED, Status.UNKNOWN])
def test_what_a_second_copy_meets_says_nothing_of_the_first(status: Status) -> None:
    """The answer of the first was lost, so the command may still be stored: only the domain's own answer ends that."""
    refused = ServerError.of("no", "SERVER_ERROR", status, {})
    transport = RecordingTransport([UnknownOutcome("lost"), EventBook(), refused])

    with DomainClient.for_transport(transport, retry=QUICK) as client, pytest.raises(UnknownOutcome) as caught:
        client.command("wallet", ROOT).with_command(Put(amount=1)).with_sequence(0).send_sync()

    assert caught.value.__cause__ is refused


def test_the_last_known_error_is_reported() -> None:
    """Rather than that the time is up, which says less."""
    slow = RetryPolicy(min_delay=60, max_delay=60)
    transport = RecordingTransport([ConnectionFailed("nobody listens"), EventBook()])

    with DomainClient.for_transport(transport, retry=slow, timeout=5) as client, pytest.raises(ConnectionFailed):
        client.query.get_event_book(QUERY)
    assert len(transport.calls) == 1


def test_the_time_of_one_attempt() -> None:
    """Is bounded by itself, and by what is left of the whole."""
    policy = RetryPolicy(attempts=2, min_delay=1e-6, attempt_timeout=2)
    transport = RecordingTransport([DeadlineExceeded("too late"), EventBook(), EventBook()])

    with DomainClient.for_transport(transport, retry=policy) as client:
        client.query.get_event_book(QUERY)
        client.query.get_event_book(QUERY, timeout=0.5)

    first, second, third = (call.options.timeout or 0 for call in transport.calls)
    assert (first, second) == (2, 2)
    assert third <= 0.5


def facts(*ids: str) -> EventRequest:
    pages = tuple(EventPage(deferred=ExternalDeferredSequence(each) if each else None) for each in ids)
    return EventRequest(EventBook(Cover("wallet", ROOT), pages))


@pytest.mark.parametrize(("request_", "calls"), [(facts("a", "b"), 3), (facts("a", ""), 1)])
def test_facts(request_: EventRequest, calls: int) -> None:
    """Are sent again only where each is accepted once by its external id."""
    transport = RecordingTransport([UnknownOutcome("lost"), UnknownOutcome("lost"), UnknownOutcome("lost")])

    with DomainClient.for_transport(transport, retry=QUICK) as client, pytest.raises(UnknownOutcome):
        client.aggregate.handle_event(request_)

    assert len(transport.calls) == calls


@pytest.mark.parametrize(
    ("provenance", "calls"), [(AngzarrDeferredSequence(Cover("wallet", ROOT), 2), 3), (None, 1)], ids=["named", "none"]
)
def test_notifications(provenance: AngzarrDeferredSequence | None, calls: int) -> None:
    """Are delivered again only where they are delivered once, by the provenance on their page (C-0467)."""
    transport = RecordingTransport([UnknownOutcome("lost"), UnknownOutcome("lost"), UnknownOutcome("lost")])
    news = CommandBook(Cover("wallet", ROOT), (CommandPage(NOTIFICATION.pack(Notification()), deferred=provenance),))

    with DomainClient.for_transport(transport, retry=QUICK) as client, pytest.raises(UnknownOutcome):
        client.aggregate.handle_compensation(CommandRequest(news))

    assert len(transport.calls) == calls


@pytest.mark.parametrize("protocol", [Protocol.RELEASED, Protocol.INTERIM], ids=lambda each: each.name)
def test_notifications_to_older_coordinators(protocol: Protocol) -> None:
    """Are never delivered twice: nobody there looks whether they came before. What was not sent still is."""
    provenance = AngzarrDeferredSequence(Cover("wallet", ROOT), 2)
    news = CommandBook(Cover("wallet", ROOT), (CommandPage(NOTIFICATION.pack(Notification()), deferred=provenance),))
    transport = RecordingTransport([ConnectionFailed("nobody listens"), UnknownOutcome("lost")])

    with (
        DomainClient.for_transport(transport, retry=QUICK, protocol=protocol) as client,
        pytest.raises(UnknownOutcome) as caught,
    ):
        client.aggregate.handle_compensation(CommandRequest(news))

    assert len(transport.calls) == 2
    assert caught.value.retry_after == math.inf


def test_other_options_for_some_calls() -> None:
    """The same connection with other defaults; what was given before stays, unless it is given anew."""
    transport = RecordingTransport([ConnectionFailed("nobody listens"), EventBook(), EventBook()])
    with DomainClient.for_transport(transport, timeout=9, metadata=[("tenant", "a"), ("region", "eu")]) as client:
        patient = client.with_options(timeout=None, metadata=[("tenant", "b")], retry=QUICK)
        patient.query.get_event_book(QUERY, metadata=[("trace", "1")])
        client.query.get_event_book(QUERY)

    options = [call.options for call in transport.calls]
    assert options[0].timeout is None
    assert options[1].metadata == (("region", "eu"), ("tenant", "b"), ("trace", "1"))
    assert options[2].timeout is not None
    assert options[2].metadata == (("tenant", "a"), ("region", "eu"))


def test_closing_a_variant_closes_both() -> None:
    """They are one connection."""
    client = DomainClient.for_transport(RecordingTransport())
    client.with_options(timeout=1).close()

    with pytest.raises(UsageError, match="closed"):
        client.query.get_event_book(QUERY)


def test_a_variant_outlives_the_client_it_was_made_of() -> None:
    """Nobody warns while one of them is still in use."""
    variant = DomainClient.for_transport(RecordingTransport([EventBook()])).with_options(timeout=1)
    variant.query.get_event_book(QUERY)

    with pytest.warns(ResourceWarning, match="dropped unclosed"):
        del variant
