"""An aggregate with everything that can happen to one, for tests: facts, refusals, undoing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from angzarr_domain import (
    Aggregate,
    Context,
    Escalation,
    Refused,
    Rejected,
    Undo,
    accepts,
    aggregate,
    applies,
    compensates,
    handles,
    undoes,
)
from angzarr_domain.messages import frozen, proto


@frozen(kw_only=True)
class Increase:
    __protobuf_name__: ClassVar[str] = "tests.counter.Increase"
    __angzarr_domain__: ClassVar[str] = "counter"

    by: int = proto(1, "uint32")


@frozen(kw_only=True)
class Increased:
    __protobuf_name__: ClassVar[str] = "tests.counter.Increased"


@frozen(kw_only=True)
class Decreased:
    __protobuf_name__: ClassVar[str] = "tests.counter.Decreased"

    by: int = proto(1, "uint32")


@frozen(kw_only=True)
class Reading:
    """A fact: somebody outside read the counter."""

    __protobuf_name__: ClassVar[str] = "tests.counter.Reading"

    by: str = proto(1, "string")
    at: int = proto(2, "uint32")


@frozen(kw_only=True)
class Click:
    """A fact that counts."""

    __protobuf_name__: ClassVar[str] = "tests.counter.Click"


@frozen(kw_only=True)
class Flagged:
    __protobuf_name__: ClassVar[str] = "tests.counter.Flagged"

    count: int = proto(1, "uint32")


@frozen(kw_only=True)
class Reserve:
    """A command of another domain, which the counter caused."""

    __protobuf_name__: ClassVar[str] = "tests.counter.Reserve"

    count: int = proto(1, "uint32")


@frozen(kw_only=True)
class Charge:
    """A command of other domains."""

    __protobuf_name__: ClassVar[str] = "tests.counter.Charge"

    amount: int = proto(1, "uint32")


@frozen(kw_only=True)
class Shout:
    """A command of another domain, whose refusal cannot be made up for."""

    __protobuf_name__: ClassVar[str] = "tests.counter.Shout"


@frozen(kw_only=True)
class Compensated:
    __protobuf_name__: ClassVar[str] = "tests.counter.Compensated"

    by: str = proto(1, "string")
    code: str = proto(2, "string")
    reason: str = proto(3, "string")


@aggregate(domain="counter", ignores=[Reading, Flagged, Compensated])
class Counter(Aggregate):
    """Counts."""

    count: int = 0

    @handles
    def increase(self, command: Increase) -> Iterator[Increased]:
        if not command.by:
            raise Rejected("VALUE_NOT_POSITIVE", "nothing to count")
        for _ in range(command.by):
            yield Increased()

    @accepts
    def read(self, fact: Reading, context: Context) -> Reading:
        return Reading(by=fact.by, at=context.next_sequence)

    @accepts
    def clicked(self, fact: Click) -> tuple[Click, Flagged]:
        return fact, Flagged(count=self.count)

    @compensates(Reserve)
    def first(self, refused: Refused[Reserve]) -> Compensated:
        return Compensated(by="first", code=refused.code, reason=refused.reason)

    @compensates(Reserve)
    def second(self, refused: Refused[Reserve], context: Context) -> Compensated | None:
        return Compensated(by=f"second at {context.next_sequence}") if refused.command.count else None

    @compensates(Charge, domain="payment")
    def not_paid(self, refused: Refused[Charge]) -> Compensated:
        return Compensated(by=refused.domain)

    @compensates(Shout)
    def unheard(self, refused: Refused[Shout]) -> Compensated:
        return Compensated(by="unheard")

    @compensates(Shout)
    def escalated(self, refused: Refused[Shout]) -> Escalation:
        return Escalation(f"nobody listens: {refused.reason}", abort=True)

    @compensates(Shout)
    def escalated_again(self, refused: Refused[Shout]) -> Escalation:
        return Escalation(forward=refused.notification)

    @undoes(Increase)
    def decrease(self, undo: Undo[Increase]) -> Decreased | None:
        return Decreased(by=len(undo.sequences)) if undo.sequences else None

    @applies
    def increased(self, _event: Increased) -> None:
        self.count += 1

    @applies
    def counted(self, _event: Click) -> None:
        self.count += 1

    @applies
    def decreased(self, event: Decreased) -> None:
        self.count -= event.by
