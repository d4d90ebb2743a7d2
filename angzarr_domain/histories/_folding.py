"""Folding a recorded stream with today's classes, a piece at a time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from angzarr_domain.aggregates import Aggregate, AggregateDefinition, Fold, definition_of
from angzarr_domain.books import Cover, EventBook, EventPage, Snapshot, type_name
from angzarr_domain.exceptions import UnknownEvent, UsageError, listed
from angzarr_domain.wire import PayloadCodec

from ._states import state_out

_PIECE: Final = 500


class Classes:
    """Today's classes: who folds the streams of a domain, and the messages that are known.

    Args:
        components: Aggregate classes, or one.
        types: Further message classes.

    Raises:
        UsageError: A class is not decorated, or two own the same domain.

    """

    def __init__(
        self, components: Iterable[type[Aggregate]] | type[Aggregate] = (), types: Iterable[type[Any]] = ()
    ) -> None:
        given = (components,) if isinstance(components, type) else tuple(components)
        self._by_domain: dict[str, AggregateDefinition[Any]] = {}
        for cls in dict.fromkeys(given):
            definition = definition_of(cls)
            if definition.domain in self._by_domain:
                raise UsageError(f"domain {definition.domain} is given twice: name one class", field="components")
            self._by_domain[definition.domain] = definition
        definitions = self._by_domain.values()
        named = [each for definition in definitions for each in definition.message_types]
        self._codec = PayloadCodec([*types, *named])
        #: Message classes by the full names that payloads are stored under.
        self.known = {type_name(each): each for each in (*types, *named)}
        for definition in definitions:
            self.known = {**definition.aliases, **self.known}

    @property
    def domains(self) -> tuple[str, ...]:
        """The domains whose streams can be folded."""
        return tuple(self._by_domain)

    def fold(self, cover: Cover, snapshot: Snapshot | None) -> StreamFold | None:
        """A fold of this stream; None if its domain is nobody's."""
        definition = self._by_domain.get(cover.domain)
        return None if definition is None else StreamFold(definition, self._codec, cover, snapshot)

    def required_fold(self, cover: Cover, snapshot: Snapshot | None) -> StreamFold:
        """Same as `fold`, but it has to be somebody's. Raises UsageError, which lists the domains there are."""
        fold = self.fold(cover, snapshot)
        if fold is None:
            raise UsageError(
                f"none of these classes owns domain {cover.domain}; theirs are {listed(self.domains) or 'none'}",
                field="components",
            )
        return fold


class StreamFold:
    """Folds pages as they come."""

    def __init__(
        self, definition: AggregateDefinition[Any], codec: PayloadCodec, cover: Cover, snapshot: Snapshot | None
    ) -> None:
        self._cover = cover
        self._snapshot = snapshot
        self._fold = Fold(definition, codec, root=cover.root)
        self._aggregate = definition.cls.__name__
        self._known = {type_name(each) for each in definition.message_types} | definition.aliases.keys()
        self._waiting: list[EventPage] = []
        self._begun = False

    def take(self, page: EventPage) -> None:
        """Fold this page, now or with the next ones.

        Raises:
            HistoryError: The stream cannot be folded.
            HandlerFailed: An applier raised.

        """
        self._waiting.append(page)
        if len(self._waiting) == _PIECE:
            self.flush()

    def flush(self) -> None:
        """Fold what is waiting. Raises as `take`."""
        pages, self._waiting = tuple(self._waiting), []
        if not pages:
            return
        first = pages[0].sequence
        if self._begun and first is not None and first > self._fold.next_sequence:
            # A gap further on is allowed: a page that is folded already says that nothing is missing before it.
            pages = (EventPage(sequence=self._fold.next_sequence - 1), *pages)
        # A snapshot counts only where the events it stands for are not there.
        snapshot = None if self._begun or not first else self._snapshot
        self._begun = True
        self._fold.feed(EventBook(self._cover, pages, snapshot))

    def check_known(self, page: EventPage) -> None:
        """Refuse an event of a type that the class does not name, even if it would be skipped when served.

        Raises:
            UnknownEvent: It is.

        """
        if page.event is not None and page.event.type_name not in self._known:
            self.flush()  # what is wrong before it comes first
            raise UnknownEvent(self._aggregate, page.event.type_name, sequence=page.sequence, root=self._cover.root)

    @property
    def last_sequence(self) -> int:
        """Of what was folded last; -1 if there was nothing."""
        return self._fold.next_sequence - 1

    def fields(self) -> Mapping[str, Any]:
        """The state so far, as plain values. Raises as `take`, and UsageError for what cannot be recorded."""
        self.flush()
        return state_out(self._fold.result().state)
