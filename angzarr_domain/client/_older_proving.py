"""What an OK of an older coordinator is worth: its events are what business logic answered, not what was stored.

Of a page in the answer there is proof that this command stored it where its place was compared before (STRICT, MANUAL),
or where it is found by the correlation id that was drawn for this one send. Without either, the page at its place is
proof if it is the same to its time; the same without a time may be anybody's. Business logic may also repeat history
that it was given: such pages are in the stream, but no part of the result.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet

import attrs

from angzarr_domain.books import (
    CommandBook,
    CommandPage,
    CommandRequest,
    CommandResponse,
    Cover,
    EventBook,
    EventPage,
    MergeStrategy,
    Query,
    SequenceSet,
)
from angzarr_domain.exceptions import AngzarrError, NotStored, UnknownOutcome
from angzarr_domain.wire import Methods

from ._budget import Budget
from ._steps import Call, Drain, Flow

Pages = Mapping[int, EventPage]


@attrs.frozen
class Sent:
    """One command, sent once.

    Attributes:
        drawn: Whether its correlation id was drawn for this one send.

    """

    request: CommandRequest
    methods: Methods
    budget: Budget
    drawn: bool

    @property
    def cover(self) -> Cover:
        """Where it goes."""
        return (self.request.command or CommandBook()).cover or Cover()

    @property
    def strategy(self) -> MergeStrategy | None:
        """Of its first page, which alone they look at; COMMUTATIVE if it names none."""
        page = self._page
        return None if page is None else page.merge_strategy or MergeStrategy.COMMUTATIVE

    @property
    def expected(self) -> int | None:
        """The head that they compare with before anything else; None if they do not compare."""
        page, edition = self._page, self.cover.edition
        if page is None or page.deferred is not None or self.strategy is MergeStrategy.AGGREGATE_HANDLES:
            return None
        return None if edition is not None and edition.divergences else page.sequence or 0

    @property
    def compared(self) -> bool:
        """Whether it can be stored at the expected sequence alone.

        They let a COMMUTATIVE command go on that was overtaken after the first look.
        """
        return self.expected is not None and self.strategy is not MergeStrategy.COMMUTATIVE

    @property
    def provable(self) -> bool:
        """Whether what carries its correlation id is all that it led to.

        Whether queries by correlation id see named timelines, nobody says.
        """
        return self.drawn and bool(self.cover.correlation_id) and self.cover.edition is None

    @property
    def _page(self) -> CommandPage | None:
        command = self.request.command
        return command.pages[0] if command is not None and command.pages else None


def checked(response: CommandResponse, sent: Sent) -> Flow[CommandResponse]:
    """The response, with those events alone that the command has put into the stream.

    Raises:
        NotStored: Some of them are not there.
        UnknownOutcome: Whether they are is not to be told, or could not be read.

    """
    book = response.events
    if book is None or not book.pages:
        return response
    _check_address(book, sent.cover)
    places = {page.sequence or 0: page for page in book.pages}
    known = yield from _known(places, book, sent)
    claimed = {place for place in places if place >= (sent.expected or 0)} if known is None else known
    doubtful = {place: page for place, page in places.items() if known is None or place not in known}
    if not doubtful:
        return response
    stored = yield from _read_back(_stored(doubtful, sent), sent)
    lost = {
        place
        for place, page in doubtful.items()
        if not _same(page, stored.get(place)) or not (place in claimed or _is_repeated(place, places, claimed))
    }
    if lost:
        raise _not_stored(sent.cover, lost, places.keys() - lost)
    own = claimed if known is not None else (yield from _likely(claimed, places, book, sent))
    kept = tuple(page for page in book.pages if (page.sequence or 0) in own)
    return attrs.evolve(response, events=attrs.evolve(book, pages=kept))


def _known(places: Pages, book: EventBook, sent: Sent) -> Flow[set[int] | None]:
    """The places of which it is proved that the command's events took them, and no others; None without any proof."""
    if sent.compared:
        # What continues the head that was compared is stored, and nothing else.
        return {place for place in places if place >= (sent.expected or 0)}
    if not (sent.provable and _carries_id(book, sent)):
        return None
    found = yield from _read_back(pages_by_id(sent), sent)
    return {place for place, page in places.items() if _same(page, found.get(place))}


def _likely(claimed: set[int], places: Pages, book: EventBook, sent: Sent) -> Flow[set[int]]:
    """The places that hold the very pages of the answer, but for those of a history that it repeats."""
    if any(places[place].created_at_ns is None for place in claimed):
        raise UnknownOutcome(
            "it was answered, which is no proof with this coordinator, and an event without a time may be anybody's: "
            "leave the correlation id out, so that one is drawn, or expect a sequence",
            correlation_id=sent.cover.correlation_id,
        )
    if len(claimed) == 1 or sent.cover.edition is not None or not _carries_id(book, sent):
        return claimed
    return claimed & (yield from _read_back(pages_by_id(sent), sent)).keys()


def _carries_id(book: EventBook, sent: Sent) -> bool:
    """Whether events are stored with the command's id: business logic may name another one."""
    asked = sent.cover.correlation_id
    return bool(asked) and (book.cover is None or book.cover.correlation_id in {"", asked})


def pages_by_id(sent: Sent) -> Flow[dict[int, EventPage]]:
    """The pages of the stream that carry the command's correlation id."""
    cover = sent.cover
    found: dict[int, EventPage] = {}

    def take(book: EventBook) -> None:
        if book.cover is not None and (book.cover.domain, book.cover.root) == (cover.domain, cover.root):
            found.update({page.sequence or 0: page for page in book.pages})

    # Without the root, beside which they would look at the id alone all the same.
    query = Query(attrs.evolve(cover, root=None, ext=None))
    yield from Drain(sent.methods.get_events, query, take, sent.budget.options())
    return found


def _stored(places: Pages, sent: Sent) -> Flow[dict[int, EventPage]]:
    """What the stream has there, on the timeline that the command named."""
    selection = None if sent.cover.edition is not None else SequenceSet(tuple(places))
    query = Query(attrs.evolve(sent.cover, correlation_id=""), selection)
    book = yield from Call(sent.methods.get_event_book, query, sent.budget.options())
    return {page.sequence or 0: page for page in book.pages}


def _read_back(reading: Flow[dict[int, EventPage]], sent: Sent) -> Flow[dict[int, EventPage]]:
    try:
        return (yield from reading)
    except AngzarrError as error:
        raise UnknownOutcome(
            f"it was answered, which is no proof with this coordinator, and reading back failed: {error.message}",
            status=error.status,
            correlation_id=sent.cover.correlation_id,
        ) from error


def _same(answered: EventPage, stored: EventPage | None) -> bool:
    """Whether the stream has this page; its time, if it has one, is part of it."""
    if stored is None or (answered.event, answered.external) != (stored.event, stored.external):
        return False
    # Business logic of older clients leaves the time to the coordinator.
    return answered.created_at_ns in {None, stored.created_at_ns}


def _is_repeated(place: int, places: Pages, claimed: set[int]) -> bool:
    """Whether a page that is in the stream, too, is history: by its time, or by leading up to what is new."""
    page, first = places[place], min(claimed, default=None)
    if page.sequence is None or (first is not None and place > first):
        return False
    if page.created_at_ns is not None:
        return True
    return first is not None and all(each in places for each in range(place, first))


def _check_address(book: EventBook, asked: Cover) -> None:
    answered = book.cover
    if answered is None or answered.root is None:
        return
    if (answered.domain, answered.root) != (asked.domain, asked.root):
        raise NotStored(
            f"business logic answered a command for {asked.domain} {asked.root} with events of {answered.domain} "
            f"{answered.root}, and this coordinator stores them there",
            sequences=[page.sequence or 0 for page in book.pages],
            correlation_id=asked.correlation_id,
            code="STORED_ELSEWHERE",
        )


def _not_stored(cover: Cover, lost: AbstractSet[int], rest: AbstractSet[int]) -> NotStored:
    there = f"; what it answered for sequence {_listed(rest)} is there" if rest else ""
    return NotStored(
        f"the coordinator answered with events for {cover.domain} {cover.root} that are not in the stream, since "
        f"sequence {_listed(lost)} was taken{there}: mend how the business logic numbers its events",
        sequences=sorted(lost),
        correlation_id=cover.correlation_id,
    )


def _listed(places: AbstractSet[int]) -> str:
    return ", ".join(map(str, sorted(places)))
