"""What hosted aggregates record of facts, in process and behind a connection of every generation."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import attrs
import pytest
from google.protobuf.wrappers_pb2 import StringValue

from angzarr_domain import Aggregate, accepts, aggregate, applies
from angzarr_domain.books import (
    Cover,
    EventBook,
    EventPage,
    ExternalDeferredSequence,
    FactRequest,
    Message,
    Payload,
    PayloadReference,
)
from angzarr_domain.exceptions import CorruptHistory, DecodeFailed, HandlerFailed, InvalidArgument, NotHandled
from angzarr_domain.hosting import AggregateLogic, FactCall, Host, RemoteLogic
from angzarr_domain.wire import INTERIM, METHODS, RELEASED, Methods
from tests.counter import Click, Counter, Flagged, Increased, Reading
from tests.hosting.asking import CODEC, ROOT, ask
from tests.hosting.test_aggregates import Given
from tests.wallet import WasPut

NOON = datetime(2024, 2, 29, 12, tzinfo=UTC)
COVER = Cover("counter", ROOT, "workflow-1")
GENERATIONS = pytest.mark.parametrize("methods", [METHODS, RELEASED, INTERIM], ids=["newest", "released", "interim"])


@aggregate(domain="counter", ignores=[WasPut])
class Purse(Aggregate):
    """Another aggregate of the same domain."""

    clicks: int = 0

    @accepts
    def put(self, fact: WasPut) -> WasPut:
        if fact.amount == 0:
            raise ValueError("sec" + "ret")
        return fact

    @accepts
    def clicked(self, fact: Click) -> Iterator[Click]:
        yield fact
        yield Click()

    @applies
    def counted(self, _event: Click) -> None:
        self.clicks += 1


LOGIC = AggregateLogic([Counter, Purse], clock=lambda: NOON)


def fact(message: Message | Payload, external_id: str = "ext-1", created_at_ns: int | None = 5) -> EventPage:
    payload = message if isinstance(message, Payload) else CODEC.encode(message)
    return EventPage(payload, created_at_ns=created_at_ns, deferred=ExternalDeferredSequence(external_id, "a test"))


def history(count: int) -> EventBook:
    return EventBook(COVER, tuple(EventPage(CODEC.encode(Increased()), n) for n in range(count)))


def told(*pages: EventPage, prior: EventBook | None = None, domain: str = "counter") -> EventBook:
    facts = EventBook(attrs.evolve(COVER, domain=domain), pages)
    return LOGIC.handle_fact(FactCall(facts, 0 if prior is None else prior.next_sequence, Given(prior)))


def messages(book: EventBook) -> list[Message]:
    decoded = {"tests.counter.Click": Click, "tests.counter.Flagged": Flagged, "tests.counter.Reading": Reading}
    return [CODEC.decode(page.event, decoded[page.event.type_name]) for page in book.pages if page.event]


@GENERATIONS
def test_facts_are_accepted_over_the_wire(methods: Methods) -> None:
    """With 3 increments before and 2 facts that count, their flags read 3 and 4; under every generation."""
    facts = EventBook(COVER, (fact(Click()), fact(Click(), "ext-2")))
    with Host([Counter]).start("localhost:0") as host:
        reply = ask(host.addresses[0], methods.handle_fact, FactRequest(facts, history(3)))

    assert messages(reply) == [Click(), Flagged(count=3), Click(), Flagged(count=4)]
    first, second = ExternalDeferredSequence("ext-1", "a test"), ExternalDeferredSequence("ext-2", "a test")
    assert [page.deferred for page in reply.pages] == [first, None, second, None]


def test_a_remote_host_is_asked_like_one_in_process() -> None:
    """`RemoteLogic` answers what `AggregateLogic` does."""
    facts = FactCall(EventBook(COVER, (fact(Click()), fact(Reading(by="ada"), "ext-2"))), 3, Given(history(3)))
    with Host([Counter]).start("localhost:0") as host:
        remote = RemoteLogic(["counter"], host.addresses[0])
        far = remote.handle_fact(facts)
        remote.close()

    assert far.pages == LOGIC.handle_fact(facts).pages


@GENERATIONS
def test_a_remote_refusal_arrives_as_it_was_raised(methods: Methods) -> None:
    """NO_FACT_HANDLER with the type that nobody accepts (C-0492)."""
    facts = EventBook(COVER, (fact(Click()), fact(Increased())))
    with Host([Counter]).start("localhost:0") as host, pytest.raises(InvalidArgument) as refused:
        ask(host.addresses[0], methods.handle_fact, FactRequest(facts, history(3)))

    assert (refused.value.code, refused.value.details["type_url"]) == ("NO_FACT_HANDLER", "/tests.counter.Increased")


def test_fact_pages_keep_header_and_time_and_flag_pages_take_the_time() -> None:
    """Flags have no header: the coordinator assigns all sequences."""
    reply = told(fact(Click(), created_at_ns=77))

    assert reply.cover == COVER
    assert [(page.deferred, page.sequence, page.created_at_ns) for page in reply.pages] == [
        (ExternalDeferredSequence("ext-1", "a test"), None, 77),
        (None, None, 77),
    ]


def test_a_fact_that_is_recorded_as_it_came_keeps_its_bytes() -> None:
    """Also fields that this version of its type does not know."""
    came = Payload("type.googleapis.com/tests.counter.Click", b"\x78\x01")

    assert told(fact(came)).pages[0].event == came


def test_a_fact_that_is_completed_is_written_anew() -> None:
    """By the handler's answer."""
    assert messages(told(fact(Reading(by="ada")), prior=history(2))) == [Reading(by="ada", at=2)]


def test_a_compiled_fact_may_be_completed_in_place() -> None:
    """Its class can be changed, so what is recorded is what it holds when it is returned."""

    @aggregate(domain="counter", ignores=[StringValue])
    class Teller(Aggregate):
        @accepts
        def told(self, fact: StringValue) -> StringValue:
            fact.value += "!"
            return fact

    facts = EventBook(COVER, (fact(StringValue(value="hello")),))
    reply = AggregateLogic([Teller]).handle_fact(FactCall(facts, 0, Given()))

    assert reply.pages[0].event is not None
    assert StringValue.FromString(reply.pages[0].event.value) == StringValue(value="hello!")


def test_a_page_without_an_event_is_recorded_unchanged() -> None:
    """Also one whose payload lies elsewhere; the facts around it are accepted."""
    empty, external = EventPage(created_at_ns=5), EventPage(external=PayloadReference(uri="s3://bucket/key"))
    reply = told(empty, fact(Click()), external)

    assert (reply.pages[0], reply.pages[3]) == (empty, external)
    assert len(reply.pages) == 4


def test_types_are_checked_before_any_payload_is_read() -> None:
    """One undeclared type refuses all, however broken the facts before it are (C-0492)."""
    with pytest.raises(InvalidArgument) as refused:
        told(fact(Payload("/tests.counter.Reading", b"\xff")), fact(Payload("/x.Unknown", b"")))

    assert refused.value.code == "NO_FACT_HANDLER"


def test_a_fact_that_is_not_readable() -> None:
    """INVALID_ARGUMENT: the sender's mistake."""
    with pytest.raises(DecodeFailed) as refused:
        told(fact(Payload("/tests.counter.Reading", b"\xff")))

    assert refused.value.code == "ANY_DECODE_FAILED"


def test_a_history_that_is_not_readable() -> None:
    """PERSISTED_EVENT_CORRUPT; no handler runs (C-0293)."""
    corrupt = EventBook(COVER, (EventPage(Payload("/tests.counter.Increased", b"\xff"), 0),))
    with pytest.raises(CorruptHistory):
        told(fact(Click()), prior=corrupt)


def test_the_first_aggregate_of_the_domain_that_accepts_them_is_asked() -> None:
    """In the order they are hosted; here the second alone accepts both types."""
    reply = told(fact(WasPut(amount=1)), fact(Click(), "ext-2"))

    assert [page.event.type_name for page in reply.pages if page.event] == [
        "tests.wallet.WasPut",
        "tests.counter.Click",
        "tests.counter.Click",
    ]


def test_facts_that_only_several_aggregates_accept_are_refused() -> None:
    """One aggregate answers for all of them, and the first of the domain says why not."""
    with pytest.raises(InvalidArgument, match=r"Counter .* accepts no tests\.wallet\.WasPut") as refused:
        told(fact(WasPut(amount=1)), fact(Reading(by="ada")))

    assert refused.value.code == "NO_FACT_HANDLER"


def test_an_unknown_domain() -> None:
    """NO_HANDLER_REGISTERED."""
    with pytest.raises(NotHandled) as refused:
        told(fact(Click()), domain="nowhere")

    assert refused.value.code == "NO_HANDLER_REGISTERED"


def test_a_handler_that_fails_is_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """With its frames, and without its text, which may hold payloads."""
    with pytest.raises(HandlerFailed):
        told(fact(WasPut(amount=0)))

    assert "Purse.put raised ValueError" in caplog.text
    assert "secret" not in caplog.text
