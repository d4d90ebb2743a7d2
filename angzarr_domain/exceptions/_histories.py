from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from ._base import AngzarrError, Status


class HistoryError(AngzarrError):
    """Recorded history cannot be folded into a state."""

    codes: ClassVar[tuple[str, ...]] = ("HISTORY_UNUSABLE",)
    default_status = Status.INTERNAL


class CorruptHistory(HistoryError):
    """A stored event does not decode, so no state can be trusted and no handler runs."""

    codes: ClassVar[tuple[str, ...]] = ("PERSISTED_EVENT_CORRUPT",)
    default_status = Status.DATA_LOSS

    def __init__(self, type_url: str, *, sequence: int | None, root: UUID | None) -> None:
        super().__init__(
            f"stored event {sequence if sequence is not None else '(without sequence)'} of root "
            f"{root or '(none)'} is not a readable {type_url}: restore it, or mend its schema",
            details={
                "type_url": type_url,
                **({} if sequence is None else {"sequence": sequence}),
                **({} if root is None else {"root": root}),
            },
        )

    @property
    def type_url(self) -> str:
        """The type URL of the event."""
        return self.details.get("type_url", "")

    @property
    def sequence(self) -> int | None:
        """The event's sequence, None if its page has none."""
        return self._sequence("sequence")

    @property
    def root(self) -> UUID | None:
        """The aggregate's root, None if its cover has none or a peer's text is no UUID."""
        return self._uuid("root")


class IncompleteHistory(HistoryError):
    """A book that does not reach back to the first event, without a usable snapshot before it."""

    codes: ClassVar[tuple[str, ...]] = ("INCOMPLETE_HISTORY",)


class SnapshotUnfit(IncompleteHistory):
    """A snapshot stands for the missing pages, but it does not fit. Fold the whole history instead."""

    codes: ClassVar[tuple[str, ...]] = ("SNAPSHOT_UNFIT",)

    @property
    def sequence(self) -> int | None:
        """Of the last event that the snapshot stands for; None if that was not said."""
        return self._sequence("sequence")

    @property
    def version(self) -> int | None:
        """The version of the state's meaning that it was written under; None if it did not say."""
        return self._sequence("version")

    @property
    def newer(self) -> bool:
        """Whether that is a later version than the class has: then the snapshot is not to be replaced."""
        return self.details.get("newer") == "true"


class StateNotEncodable(AngzarrError):
    """A state that no snapshot can hold exactly. Its events are stored all the same.

    The text names the field and what is in the way, never what the field holds.
    """

    codes: ClassVar[tuple[str, ...]] = ("STATE_NOT_ENCODABLE",)
    default_status = Status.INTERNAL

    def __init__(self, aggregate: str, field: str, why: str) -> None:
        super().__init__(
            f"the state of {aggregate} cannot be written down exactly: {field}: {why}",
            details={"aggregate": aggregate, "field": field},
        )

    @property
    def aggregate(self) -> str:
        """The class."""
        return self.details.get("aggregate", "")

    @property
    def field(self) -> str:
        """The field that is in the way."""
        return self.details.get("field", "")


class UnknownEvent(HistoryError):
    """A stored event is of a type the aggregate does not know, and it was declared to refuse such."""

    codes: ClassVar[tuple[str, ...]] = ("UNKNOWN_EVENT_TYPE",)

    def __init__(self, aggregate: str, type_name: str, *, sequence: int | None, root: UUID | None) -> None:
        super().__init__(
            f"{aggregate} does not know {type_name}, the type of stored event "
            f"{sequence if sequence is not None else '(without sequence)'} of root {root or '(none)'}: run the version "
            "that recorded it, or add an @applies or @upcasts method, an alias, or list it in ignores",
            details={
                "aggregate": aggregate,
                "type_name": type_name,
                **({} if sequence is None else {"sequence": sequence}),
                **({} if root is None else {"root": root}),
            },
        )

    @property
    def type_name(self) -> str:
        """The full name of the event's type."""
        return self.details.get("type_name", "")

    @property
    def sequence(self) -> int | None:
        """The event's sequence, None if its page has none."""
        return self._sequence("sequence")

    @property
    def root(self) -> UUID | None:
        """The aggregate's root, None if its cover has none or a peer's text is no UUID."""
        return self._uuid("root")


class HandlerFailed(AngzarrError):
    """A handler or applier raised something it should not, or answered with no event. Nothing was stored.

    The text names the exception's class and the handler only, since messages of exceptions carry payloads. The
    exception itself is this error's cause where it was raised; a server logs its frames.
    """

    codes: ClassVar[tuple[str, ...]] = ("UNHANDLED_HANDLER_ERROR",)
    default_status = Status.INTERNAL

    def __init__(
        self,
        handler: str,
        exception: str = "",
        *,
        answer: str = "",
        sequence: int | None = None,
        root: UUID | None = None,
    ) -> None:
        event = "" if sequence is None else f" at stored event {sequence} of root {root or '(none)'}"
        where = "in the log of the process that ran it, or in this error's cause"
        raised = f"raised {exception}{event}; its traceback is {where}"
        super().__init__(
            f"{handler} {answer or raised}",
            details={
                "handler": handler,
                **({"exception": exception} if exception else {}),
                **({} if sequence is None else {"sequence": sequence}),
                **({} if root is None else {"root": root}),
            },
        )

    @property
    def handler(self) -> str:
        """The class and method that failed, such as "Account.withdraw"."""
        return self.details.get("handler", "")

    @property
    def exception(self) -> str:
        """The class of what it raised; "" if it answered with something that is no event."""
        return self.details.get("exception", "")

    @property
    def sequence(self) -> int | None:
        """Of the stored event that an applier raised at; None if it was none."""
        return self._sequence("sequence")

    @property
    def root(self) -> UUID | None:
        """Of the aggregate whose stored event an applier raised at; None if it was none."""
        return self._uuid("root")


class StateMutated(HandlerFailed):
    """A handler changed the state it decides on. Nothing was stored, and assignments never took effect.

    Raised by the line that assigns. A handler that swallows it does not get through: its decision fails all the same.

    Args:
        field: The attribute that was set, deleted or changed in place.
        handler: The class and method that did, such as "Account.withdraw".
        change: What it did to the attribute, as a verb.

    """

    codes: ClassVar[tuple[str, ...]] = ("STATE_MUTATED",)

    def __init__(self, field: str, handler: str, *, change: str = "sets") -> None:
        AngzarrError.__init__(
            self,
            f"{handler} {change} self.{field}, but a handler only decides: answer with an event, and let the @applies "
            "method of that event change the state",
            details={"handler": handler, "field": field},
        )

    @property
    def field(self) -> str:
        """The attribute."""
        return self.details.get("field", "")


class InvalidReply(AngzarrError):
    """Business logic answered with something that cannot be stored as it stands. Nothing was stored."""

    codes: ClassVar[tuple[str, ...]] = ("INVALID_REPLY",)
    default_status = Status.INTERNAL
