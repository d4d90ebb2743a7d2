"""Folding history into a state. The one place that says what a book means."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeVar
from uuid import UUID

import attrs

from angzarr_domain.books import (
    Codec,
    EventBook,
    Foldable,
    Message,
    Snapshot,
    UnfitState,
    type_name,
    type_name_of_url,
)
from angzarr_domain.exceptions import (
    CorruptHistory,
    DecodeFailed,
    HandlerFailed,
    IncompleteHistory,
    UnknownEvent,
)

from ._base import Aggregate, Facts, facts_of, keep_facts
from ._definition import AggregateDefinition
from ._entries import Applier
from ._evolution import UnknownType, applier_of_old, check_unknown, failed_at, todays_name
from ._restoring import is_newer, restore, unfit
from ._snapshots import Foundation

A = TypeVar("A", bound=Aggregate)


@attrs.frozen
class Replayed(Generic[A]):
    """A folded history: the state, the sequence of the next event, and whether there was any history."""

    state: A
    next_sequence: int
    had_history: bool
    #: How it came about, which makes no difference.
    foundation: Foundation = attrs.field(default=Foundation(), eq=False, repr=False, kw_only=True)


class _Steps(dict[str, "tuple[Callable[[bytes], Any], Applier] | None"]):
    """From a whole type URL to how it decodes and who applies it; None for a type nobody applies.

    Keyed by the URL as it stands, so that its prefix is cut once for each distinct URL, not for each event.
    The decoders belong to one fold, since a decoder serves one thread at a time.
    """

    def __init__(self, definition: AggregateDefinition[Any], codec: Codec) -> None:
        super().__init__()
        self._definition = definition
        self._codec = codec

    def __missing__(self, type_url: str) -> tuple[Callable[[bytes], Any], Applier] | None:
        definition = self._definition
        name = todays_name(definition, type_name_of_url(type_url))
        applier = definition.appliers.get(name) or applier_of_old(definition, name)
        if applier is None:
            check_unknown(definition, name)
        step = None if applier is None else (self._codec.decoder(applier.event), applier)
        self[type_url] = step
        return step

    def skips_unknown(self) -> bool:
        """Whether a type was met so far that nobody applies, and that is not ignored on purpose."""
        definition = self._definition
        names = (todays_name(definition, type_name_of_url(url)) for url, step in self.items() if step is None)
        return any(name and name not in definition.ignores for name in names)


class Fold(Generic[A]):
    """A fold that takes a history book by book, so that a large one never has to be held whole.

    It starts from a snapshot that fits. One that does not covers nothing: the pages have to reach back to 0.
    """

    def __init__(
        self,
        definition: AggregateDefinition[A],
        codec: Codec,
        *,
        root: UUID | None = None,
        onto: Replayed[A] | None = None,
    ) -> None:
        self._definition = definition
        self._codec = codec
        self._steps = _Steps(definition, codec)
        self._foundation = Foundation() if onto is None else onto.foundation
        self._unfit: UnfitState | None = None
        self._state = definition.fresh(Facts(root)) if onto is None else copy.deepcopy(onto.state)
        self._root = root or facts_of(self._state).root
        self._had_history = onto is not None and onto.had_history
        # The fold's own place follows the pages; what comes next is what the peer says of the stream.
        self._place = self._next = 0 if onto is None else onto.next_sequence

    @property
    def next_sequence(self) -> int:
        """The sequence after what was folded so far."""
        return self._place

    def feed(self, book: Foldable) -> None:
        """Fold one more book, which continues the ones before.

        Raises:
            IncompleteHistory: It leaves a hole before its first page (SnapshotUnfit if a snapshot covers it).
            CorruptHistory: An event does not decode; nothing folded so far is worth keeping.
            HandlerFailed: An applier raised.

        """
        if self._root is None and book.cover is not None:
            self._root = book.cover.root
        loaded = book.snapshot is not None and self._load(book.snapshot)
        self._check_reach(book)
        self._apply(book)
        if book.page_count:
            last = book.sequence_at(-1)
            self._had_history = True
            self._place = max(self._place, 0 if last is None else last + 1)
        if book.page_count or loaded:
            self._next = book.next_sequence or self._place

    def result(self) -> Replayed[A]:
        """The state as of now. Feeding more after this would change it."""
        keep_facts(self._state, Facts(self._root, self._had_history, self._next))
        base = self._foundation
        if self._steps.skips_unknown():
            base = attrs.evolve(base, skipped=True)
        return Replayed(self._state, self._next, self._had_history, foundation=base)

    def _load(self, snapshot: Snapshot) -> bool:
        """Start from a snapshot, if it stands for more than was folded already, and fits."""
        if snapshot.state is None or snapshot.sequence < self._place:
            return False
        found = restore(self._definition, self._codec, snapshot)
        if isinstance(found, UnfitState):
            self._unfit = found
            newer = is_newer(self._definition, found.version)
            self._foundation = attrs.evolve(self._foundation, unfit=True, newer=newer)
            return False
        keep_facts(found, Facts(self._root))
        self._state, self._had_history = found, True
        self._place = self._next = snapshot.sequence + 1
        self._foundation = Foundation(covered=self._place)
        return True

    def _check_reach(self, book: Foldable) -> None:
        first = book.sequence_at(0) if book.page_count else book.next_sequence
        covers = book.snapshot is not None and book.snapshot.sequence >= self._place
        if book.snapshot and covers and (first is None or first > self._place or not book.page_count):
            raise unfit(self._definition, book.snapshot, self._unfit, self._place)
        if first is not None and first > self._place:
            raise IncompleteHistory(
                f"the book starts at {first} where {self._place} has to come next: read the pages before it"
                if book.page_count
                else f"the book says that {first} comes next but holds neither pages nor a snapshot"
            )

    def _apply(self, book: Foldable) -> None:
        steps, state = self._steps, self._state
        first = book.sequence_at(0) if book.page_count else None
        # Reading the sequence of every page would cost a quarter of the fold; almost always the first one is enough.
        overlaps = first is None or first < self._place
        index, type_url = 0, ""
        try:
            for index, (type_url, value) in enumerate(book.payloads()):
                if overlaps and self._is_folded(book.sequence_at(index)):
                    continue
                # A gap page (no type) has no step, and neither has a type nobody applies (C-0288).
                step = steps[type_url]
                if step is not None:
                    step[1].function(state, step[0](value))
        except UnknownType as error:
            name = self._definition.cls.__name__
            raise UnknownEvent(name, error.name, sequence=book.sequence_at(index), root=self._root) from error
        except DecodeFailed as error:
            step, sequence = steps[type_url], book.sequence_at(index)
            if step is not None and _raised_by(step[1].function, error):
                raise HandlerFailed(step[1].name, type(error).__name__, sequence=sequence, root=self._root) from error
            raise CorruptHistory(type_url, sequence=sequence, root=self._root) from error
        except HandlerFailed as error:  # of an upcast, or of what applies what it gave
            sequence = book.sequence_at(index)
            raise failed_at(error, sequence=sequence, root=self._root) from (error.__cause__ or error)
        except Exception as error:
            step = steps[type_url]
            applier = step[1].name if step else "replay"
            sequence = book.sequence_at(index)
            raise HandlerFailed(applier, type(error).__name__, sequence=sequence, root=self._root) from error

    def _is_folded(self, sequence: int | None) -> bool:
        return sequence is not None and sequence < self._place


def _raised_by(applier: Callable[..., None], error: Exception) -> bool:
    """Whether it comes out of the applier, and not out of what decodes the applier's event."""
    below = None if error.__traceback__ is None else error.__traceback__.tb_next
    return below is not None and below.tb_frame.f_code is getattr(applier, "__code__", None)


def replay(
    definition: AggregateDefinition[A],
    history: EventBook | Iterable[Foldable] | None,
    codec: Codec,
    *,
    root: UUID | None = None,
    onto: Replayed[A] | None = None,
) -> Replayed[A]:
    """The state that a history leads to.

    Args:
        history: A book, or books that continue each other; None is no history (a fresh state).
        root: Which aggregate; read from the book's cover unless given.
        onto: A state to fold onto, which stays as it is; the history is then what came after it.

    Raises:
        IncompleteHistory: The history does not reach back to its start.
        CorruptHistory: A stored event does not decode.
        HandlerFailed: An applier raised.

    """
    fold = Fold(definition, codec, root=root, onto=onto)
    for book in (history,) if isinstance(history, EventBook) else history or ():
        fold.feed(book)
    return fold.result()


def advance(definition: AggregateDefinition[A], replayed: Replayed[A], events: Iterable[Message]) -> Replayed[A]:
    """The state after these new events, which are not encoded on the way. The given state stays as it is.

    Raises:
        HandlerFailed: An applier raised.

    """
    state = copy.deepcopy(replayed.state)
    count = 0
    for event in events:
        count += 1
        applier = definition.appliers.get(type_name(type(event)))
        if applier is not None:
            try:
                applier.function(state, event)
            except Exception as error:
                raise HandlerFailed(applier.name, type(error).__name__) from error
    following = replayed.next_sequence + count
    had_history = replayed.had_history or count > 0
    root = facts_of(state).root
    keep_facts(state, Facts(root, had_history, following))
    return Replayed(state, following, had_history)
