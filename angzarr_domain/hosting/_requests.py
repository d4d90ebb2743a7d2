"""The history of a command as a coordinator sent it along, and as it can be read back."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import attrs

from angzarr_domain.books import CommandBook, Cover, EventBook, EventPage, next_sequence
from angzarr_domain.client._budget import Budget
from angzarr_domain.client._reading import PAGES_AT_A_TIME, read_range
from angzarr_domain.client._speaking import Speaker, spoken
from angzarr_domain.client._steps import run
from angzarr_domain.client._transports.base import DEFAULT_TIMEOUT, Transport
from angzarr_domain.exceptions import AngzarrError, DeadlineExceeded, SnapshotUnfit


@attrs.frozen
class RequestHistory:
    """The book that came with a command; what a snapshot stands for in it is read from the coordinator.

    Attributes:
        book: As it came; None is no history.
        cover: The command's address, for a book without one.
        queries: Where missing pages are read; None if the host was told of no place.
        timeout: Seconds that the caller still waits, and all reading may take; 30 if it set no bound.
        speaker: What is known of the generation spoken where they are read.

    """

    book: EventBook | None
    cover: Cover
    queries: Transport | None = None
    timeout: float | None = None
    speaker: Speaker = attrs.field(factory=Speaker)

    @classmethod
    def of(
        cls,
        book: EventBook | None,
        command: CommandBook,
        queries: Transport | None,
        timeout: float | None,
        speaker: Speaker | None = None,
    ) -> RequestHistory:
        """The history of a command."""
        return cls(book, command.cover or Cover(), queries, timeout, speaker or Speaker())

    @property
    def next_sequence(self) -> int:
        """The head as the coordinator says; where it says nothing, the sequence after the book."""
        book = self.book
        return 0 if book is None else book.next_sequence or next_sequence(book.pages, book.snapshot)

    def books(self, *, from_start: bool = False) -> Iterator[EventBook]:
        """Same as `History.books`."""
        if self.book is None:
            return
        if from_start:
            yield from self._missing(self.book)
            if self.book.pages or not self.book.snapshot:
                yield attrs.evolve(self.book, snapshot=None)
        else:
            yield self.book

    def _missing(self, book: EventBook) -> Iterator[EventBook]:
        first = book.pages[0].sequence if book.pages else self.next_sequence
        budget = self._budget()
        lower = 0
        while first is not None and lower < first:
            pages = self._read(lower, min(lower + PAGES_AT_A_TIME, first) - 1, budget)
            yield EventBook(book.cover, pages)
            lower += len(pages)

    def _read(self, lower: int, upper: int, budget: Budget) -> tuple[EventPage, ...]:
        queries, root = self._source()
        try:
            flow = read_range(self.cover.domain, root, lower, upper, budget, for_fold=True)
            book = run(spoken(flow, self.speaker), queries)
        except AngzarrError as error:
            raise _unfit(f"events {lower} to {upper} could not be read: {error.message}") from error
        found = [page.sequence for page in book.pages]
        if not found or found != list(range(lower, lower + len(found))):
            raise _unfit(f"the coordinator did not send event {lower} and those after it")
        return book.pages

    def _budget(self) -> Budget:
        seconds = DEFAULT_TIMEOUT if self.timeout is None else self.timeout
        if seconds <= 0:
            raise DeadlineExceeded("the caller's time was used up before missing events could be read")
        return Budget.of(seconds)

    def _source(self) -> tuple[Transport, UUID]:
        if self.queries is None:
            raise _unfit("this host was told of no coordinator to read from: Host(..., history=ENDPOINT)")
        if self.cover.root is None:
            raise _unfit("the command names no root")
        if self.cover.edition is not None:
            raise _unfit("named timelines cannot be read back yet")
        return self.queries, self.cover.root


def _unfit(why: str) -> SnapshotUnfit:
    return SnapshotUnfit(
        f"the snapshot sent with the command does not fit, and the events before it are missing: {why}"
    )
