"""What-ifs of commands, projectors, sagas and process managers, asked of a real server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import attrs
import pytest

from angzarr_domain.books import (
    AngzarrDeferredSequence,
    CascadeErrorMode,
    CommandBook,
    CommandPage,
    Cover,
    EventBook,
    EventPage,
    Notification,
    ProcessManagerRequest,
    ProcessManagerResponse,
    Projection,
    SagaRequest,
    SagaResponse,
    SpeculateRequest,
    SyncMode,
    TemporalQuery,
)
from angzarr_domain.client import DomainClient, Protocol, SpeculativeClient
from angzarr_domain.embedded import Coordinator
from angzarr_domain.exceptions import (
    ConnectionFailed,
    DecodeFailed,
    InvalidArgument,
    MethodNotServed,
    NotSupported,
    Rejected,
)
from angzarr_domain.hosting import Serving
from angzarr_domain.hosting._rpc import Call, Served
from angzarr_domain.wire import INTERIM, METHODS, RELEASED, Methods, PayloadCodec
from tests.peers import Peer
from tests.wallet import Label, Put, Take, Wallet, WasLabelled, WasPut, WasTaken

ROOT, OTHER = UUID(int=7), UUID(int=8)
CODEC = PayloadCodec()
COVER = Cover("wallet", ROOT, "order-7")


def recorded(*events: WasPut | WasTaken, cover: Cover | None = COVER) -> EventBook:
    return EventBook(cover, tuple(EventPage(CODEC.encode(event), n) for n, event in enumerate(events)))


def sent_to(root: UUID, message: Put | Take | Label) -> CommandBook:
    return CommandBook(Cover("wallet", root, "order-7"), (CommandPage(CODEC.encode(message)),))


@attrs.define
class Reactions:
    """Runs a projector (the balance), a saga (each coin that is put is labelled) and a process manager (says done).

    Attributes:
        asked: The requests as they came.
        correlations: The header of each call; None where there was none.

    """

    asked: list[object] = attrs.field(factory=list[object])
    correlations: list[str | bytes | None] = attrs.field(factory=list[str | bytes | None])

    def served(self, methods: Methods = METHODS) -> list[Served[Any, Any]]:
        return [
            Served(methods.speculate_projector, self._project),
            Served(methods.speculate_saga, self._translate),
            Served(methods.speculate_process_manager, self._manage),
        ]

    def _note(self, request: object, call: Call) -> None:
        self.asked.append(request)
        self.correlations.append(dict(call.metadata).get("x-correlation-id"))

    def _project(self, events: EventBook, call: Call) -> Projection:
        self._note(events, call)
        # Order counts: each amount is appended as a digit.
        digits = int("".join(str(CODEC.decode(page.event, WasPut).amount) for page in events.pages if page.event) or 0)
        return Projection(events.cover, "digits", len(events.pages), CODEC.encode(WasPut(amount=digits)))

    def _translate(self, request: SagaRequest, call: Call) -> SagaResponse:
        self._note(request, call)
        assert request.source is not None
        book = sent_to(OTHER, Label(text="taken"))
        deferred = AngzarrDeferredSequence(request.source.cover, 0, command_index=0)
        book = attrs.evolve(book, pages=(attrs.evolve(book.pages[0], deferred=deferred),))
        fact = EventBook(Cover("wallet", OTHER), (EventPage(CODEC.encode(WasLabelled(text="taken"))),))
        return SagaResponse((book,), (fact,))

    def _manage(self, request: ProcessManagerRequest, call: Call) -> ProcessManagerResponse:
        self._note(request, call)
        state = request.process_state
        if state is not None and state.pages:
            return ProcessManagerResponse(notification=Notification(state.cover))
        return ProcessManagerResponse((recorded(WasTaken(amount=1)),), (sent_to(OTHER, Put(amount=1)),))


@pytest.fixture(name="reactions")
def _reactions() -> Reactions:
    return Reactions()


@pytest.fixture(name="place")
def _place(reactions: Reactions) -> Iterator[str]:
    """Where a server runs reactions."""
    with Serving(reactions.served(), ["127.0.0.1:0"]) as serving:
        yield serving.addresses[0]


@pytest.fixture(name="speculative")
def _speculative(kind: type[DomainClient], place: str) -> Iterator[SpeculativeClient]:
    with kind.connect(place, types=[Label, Put], aggregates=[Wallet]) as client:
        yield client.speculative


def test_a_client_of_its_own(place: str) -> None:
    """Connects alone, where nothing but what-ifs is asked (C-0334)."""
    with SpeculativeClient.connect(place) as client:
        assert client.projector(recorded(WasPut(amount=3))).decode(WasPut) == WasPut(amount=3)


def test_a_projection(speculative: SpeculativeClient) -> None:
    """What the projector would make of all events, in their order (C-0271, C-0272)."""
    projection = speculative.projector(recorded(WasPut(amount=3), WasPut(amount=1), WasPut(amount=2)))

    assert (projection.projector, projection.sequence, projection.decode()) == ("digits", 3, WasPut(amount=312))


def test_a_sagas_commands(speculative: SpeculativeClient) -> None:
    """The commands the saga would send, and the facts it would inject (C-0273)."""
    response = speculative.saga(recorded(WasTaken(amount=3)))

    assert [page.decode() for book in response.commands for page in book.pages] == [Label(text="taken")]
    assert [page.decode() for book in response.events for page in book.pages] == [WasLabelled(text="taken")]


def test_where_a_sagas_command_comes_from(speculative: SpeculativeClient) -> None:
    """The chain of provenance arrives as the saga's coordinator wrote it (C-0274)."""
    (book,) = speculative.saga(recorded(WasTaken(amount=3))).commands

    assert book.pages[0].deferred == AngzarrDeferredSequence(COVER, 0, command_index=0)


def test_a_sagas_request_as_it_stands(speculative: SpeculativeClient, reactions: Reactions) -> None:
    """Its mode arrives, too."""
    request = SagaRequest(recorded(WasTaken(amount=3)), SyncMode.CASCADE)

    speculative.saga(request)

    assert reactions.asked == [request]


def test_a_process_managers_commands(speculative: SpeculativeClient) -> None:
    """Its own events, and the commands it would send (C-0275)."""
    response = speculative.process_manager(recorded(WasTaken(amount=3)))

    assert [page.decode() for book in response.process_events for page in book.pages] == [WasTaken(amount=1)]
    assert [page.decode() for book in response.commands for page in book.pages] == [Put(amount=1)]


def test_the_state_of_a_process(speculative: SpeculativeClient) -> None:
    """A process manager decides by its own history; what it escalates arrives."""
    request = ProcessManagerRequest(recorded(WasTaken(amount=3)), recorded(WasTaken(amount=1)))

    assert speculative.process_manager(request).notification == Notification(COVER)


OLDER = {Protocol.RELEASED: RELEASED, Protocol.INTERIM: INTERIM}


@pytest.mark.parametrize(("protocol", "methods"), OLDER.items(), ids=lambda each: getattr(each, "name", ""))
def test_older_coordinators_of_reactions(reactions: Reactions, protocol: Protocol, methods: Methods) -> None:
    """Are asked in their own words, and their answers read in ours: modes, types and provenance."""
    types = [Label, Put]
    with (
        Serving(reactions.served(methods), ["127.0.0.1:0"]) as serving,
        DomainClient.connect(serving.addresses[0], types=types, aggregates=[Wallet], protocol=protocol) as client,
    ):
        ask = client.speculative
        assert ask.projector(recorded(WasPut(amount=3), WasPut(amount=1))).decode() == WasPut(amount=31)
        (book,) = ask.saga(
            SagaRequest(recorded(WasTaken(amount=3)), SyncMode.SIMPLE, CascadeErrorMode.CONTINUE)
        ).commands
        assert (book.pages[0].decode(), book.pages[0].deferred) == (
            Label(text="taken"),
            AngzarrDeferredSequence(COVER, 0),
        )
        response = ask.process_manager(recorded(WasTaken(amount=3)))
        assert [page.decode() for book in response.commands for page in book.pages] == [Put(amount=1)]
        assert [page.decode() for book in response.process_events for page in book.pages] == [WasTaken(amount=1)]

    asked = reactions.asked[1]
    assert isinstance(asked, SagaRequest)
    assert (asked.sync_mode, asked.cascade_error_mode) == (SyncMode.SIMPLE, CascadeErrorMode.CONTINUE)


def test_older_coordinators_lose_nothing_unsaid(reactions: Reactions) -> None:
    """A cover's slot has no place in the released protocol, so it is refused before anything is sent."""
    events = recorded(WasPut(amount=1), cover=attrs.evolve(COVER, ext=CODEC.encode(Put(amount=1))))
    with (
        Serving(reactions.served(RELEASED), ["127.0.0.1:0"]) as serving,
        DomainClient.connect(serving.addresses[0], protocol=Protocol.RELEASED) as client,
    ):
        for ask in (client.speculative.projector, client.speculative.saga, client.speculative.process_manager):
            with pytest.raises(NotSupported, match=r"cover\.ext"):
                ask(events)

    assert reactions.asked == []


NONSENSE: dict[str, tuple[Callable[[SpeculativeClient], object], str, str]] = {
    "projector, no cover": (
        lambda s: s.projector(EventBook()),
        "MISSING_EVENT_BOOK_COVER",
        "events.cover",
    ),
    "saga, no events": (lambda s: s.saga(SagaRequest()), "MISSING_SAGA_SOURCE", "request.source"),
    "saga, no cover": (
        lambda s: s.saga(recorded(WasPut(amount=1), cover=None)),
        "MISSING_EVENT_BOOK_COVER",
        "request.source.cover",
    ),
    "saga, empty book": (lambda s: s.saga(recorded()), "EMPTY_SAGA_SOURCE", "request.source.pages"),
    "process manager, no events": (
        lambda s: s.process_manager(ProcessManagerRequest()),
        "MISSING_PM_TRIGGER",
        "request.trigger",
    ),
    "process manager, no cover": (
        lambda s: s.process_manager(recorded(WasPut(amount=1), cover=None)),
        "MISSING_EVENT_BOOK_COVER",
        "request.trigger.cover",
    ),
    "process manager, empty book": (
        lambda s: s.process_manager(recorded()),
        "EMPTY_PM_TRIGGER",
        "request.trigger.pages",
    ),
    "process manager, no correlation id (C-0276)": (
        lambda s: s.process_manager(recorded(WasPut(amount=1), cover=Cover("wallet", ROOT))),
        "MISSING_CORRELATION_ID",
        "request.trigger.cover.correlation_id",
    ),
}


@pytest.mark.parametrize(("ask", "code", "field"), NONSENSE.values(), ids=NONSENSE)
def test_what_is_missing(
    speculative: SpeculativeClient,
    reactions: Reactions,
    ask: Callable[[SpeculativeClient], object],
    code: str,
    field: str,
) -> None:
    """Is an invalid argument that names it, before anything is sent (C-0280, C-0276)."""
    with pytest.raises(InvalidArgument) as caught:
        ask(speculative)

    assert (caught.value.code, caught.value.field, reactions.asked) == (code, field, [])


def test_the_correlation_id_travels_as_a_header(speculative: SpeculativeClient, reactions: Reactions) -> None:
    """That of the events' cover, the source's and the trigger's; not at all where it is empty."""
    speculative.projector(recorded(WasPut(amount=1)))
    speculative.projector(recorded(WasPut(amount=1), cover=Cover("wallet", ROOT)))
    speculative.saga(recorded(WasPut(amount=1)))
    speculative.process_manager(recorded(WasPut(amount=1)))

    assert reactions.correlations == ["order-7", None, "order-7", "order-7"]


def test_a_service_that_is_away() -> None:
    """Is a failed connection (C-0279)."""
    with (
        SpeculativeClient.connect("127.0.0.1:1") as client,
        pytest.raises(ConnectionFailed),
    ):
        client.saga(recorded(WasPut(amount=1)))


def test_a_coordinator_that_runs_no_reactions(speculative: SpeculativeClient) -> None:
    """Does not know what is asked of it."""
    with pytest.raises(MethodNotServed):
        speculative.command_handler(SpeculateRequest(sent_to(ROOT, Put(amount=1))))


ASKED: dict[str, Callable[[DomainClient], object]] = {
    "projectors": lambda client: client.speculative.projector(recorded(WasPut(amount=1))),
    "sagas": lambda client: client.speculative.saga(recorded(WasPut(amount=1))),
    "process managers": lambda client: client.speculative.process_manager(recorded(WasPut(amount=1))),
}


@pytest.mark.parametrize(("kind", "ask"), ASKED.items(), ids=ASKED)
def test_the_embedded_coordinator_runs_aggregates(kind: str, ask: Callable[[DomainClient], object]) -> None:
    """It says that it has no projectors, sagas and process managers to ask, by a type and a name."""
    with (
        Coordinator([Wallet]) as coordinator,
        coordinator.client() as client,
        pytest.raises(NotSupported, match=f"what-ifs of {kind}"),
    ):
        ask(client)


def test_a_command(client: DomainClient, peer: Peer) -> None:
    """Events that would be, and nothing stored or in any other way done (C-0266, C-0270, C-0277)."""
    peer.record(ROOT, WasPut(amount=9))

    response = client.speculative.command_handler(SpeculateRequest(sent_to(ROOT, Take(amount=5))))

    assert response.events is not None
    assert [page.decode() for page in response.events.pages] == [WasTaken(amount=5)]
    assert (len(peer.streams[ROOT]), peer.commands) == (1, [])


def test_a_command_at_a_point(client: DomainClient, peer: Peer) -> None:
    """Is decided on the state of that point (C-0267), where its rejection has its reason (C-0268)."""
    peer.record(ROOT, WasPut(amount=1), WasPut(amount=9))

    with pytest.raises(Rejected, match="there is not so much in it") as caught:
        client.speculative.command_handler(SpeculateRequest(sent_to(ROOT, Take(amount=5)), TemporalQuery(0)))

    assert (caught.value.code, caught.value.details) == ("NOT_ENOUGH", {"balance": "1"})


def test_input_that_is_not_valid() -> None:
    """Fails, and nothing was made of it (C-0269)."""
    broken = CommandBook(
        Cover("wallet", ROOT), (CommandPage(attrs.evolve(CODEC.encode(Put(amount=1)), value=b"\x08")),)
    )
    with Coordinator([Wallet]) as coordinator, coordinator.client() as client:
        with pytest.raises(DecodeFailed):
            client.speculative.command_handler(SpeculateRequest(broken))

        assert client.query("wallet", ROOT).get_pages() == ()


def test_what_ifs_start_from_the_same_base() -> None:
    """Each is decided on what is stored, whatever was asked before (C-0278)."""
    with Coordinator([Wallet]) as coordinator, coordinator.client() as client:
        client.command(Put(amount=5), ROOT).send_sync()
        request = SpeculateRequest(sent_to(ROOT, Take(amount=5)))

        answers = [client.speculative.command_handler(request).events for _ in range(3)]

        assert [[page.decode() for page in book.pages] for book in answers if book] == [[WasTaken(amount=5)]] * 3
