"""Which generation of the protocol a peer speaks, and flows in its words.

Flows are written for the newest generation. `spoken` says their steps in the one that the peer speaks, so neither they
nor what drives them need to know; `_older.py` has what a step becomes.
"""

from __future__ import annotations

from enum import Enum
from typing import Any, Final, TypeVar

import attrs

from angzarr_domain.books import Query
from angzarr_domain.exceptions import Conflict, InvalidArgument, MethodNotServed, Rejected
from angzarr_domain.wire import INTERIM, METHODS, RELEASED, Method, Methods

from ._budget import Budget
from ._older import said
from ._steps import Call, Drain, Flow, Step

R = TypeVar("R")


class Protocol(Enum):
    """The generations of the protocol, by their packages."""

    #: Whichever the coordinator turns out to speak. Costs nothing with the newest, two calls, once, with others.
    AUTO = "auto"
    #: Package io.angzarr.v1.
    NEWEST = "io.angzarr.v1"
    #: Package angzarr_client.proto.angzarr.v1, of May 2026.
    INTERIM = "angzarr_client.proto.angzarr.v1"
    #: Package angzarr: the released coordinators, v0.5.x.
    RELEASED = "angzarr"


_TABLES: Final = {Protocol.NEWEST: METHODS, Protocol.RELEASED: RELEASED, Protocol.INTERIM: INTERIM}
_NAMES: Final = {id(getattr(METHODS, field.name)): field.name for field in attrs.fields(Methods)}
# How business logic and coordinators answer what they serve; a proxy would not.
_SERVED: Final = (Conflict, InvalidArgument, Rejected)


class Speaker:
    """What is known of the generation that one peer speaks. Several threads may find it out at a time.

    Attributes:
        methods: Its table; None while nobody knows.

    """

    def __init__(self, protocol: Protocol = Protocol.AUTO) -> None:
        self.methods: Methods | None = _TABLES.get(protocol)

    @property
    def protocol(self) -> Protocol:
        """The generation; AUTO while nobody knows."""
        found = (protocol for protocol, table in _TABLES.items() if table is self.methods)
        return next(found, Protocol.AUTO)


def name_of(method: Method[Any, Any]) -> str:
    """The method's place in the tables; "" if it is not one of the newest generation's."""
    return _NAMES.get(id(method), "")


def spoken(flow: Flow[R], speaker: Speaker) -> Flow[R]:
    """The same flow in the peer's generation. Where that is not known yet, the flow's own first call finds it out."""
    try:
        step = next(flow)
        while True:
            try:
                result = yield from _said(step, speaker)
            except Exception as error:  # noqa: BLE001 - the flow decides what an error means
                step = flow.throw(error)
            else:
                step = flow.send(result)
    except StopIteration as stop:
        returned: R = stop.value
        return returned
    finally:
        flow.close()


def _said(step: Step[Any], speaker: Speaker) -> Flow[Any]:
    if not isinstance(step, (Call, Drain)):
        return (yield step)
    call: Call[Any, Any] | Drain[Any, Any] = step  # pyright: ignore[reportUnknownVariableType] - known to the flow
    if not name_of(call.method):
        return (yield call)
    methods = speaker.methods
    if methods is None:
        return (yield from _first(call, speaker))
    if methods is METHODS:
        return (yield call)
    return (yield from said(call, name_of(call.method), methods))


def _first(step: Call[Any, Any] | Drain[Any, Any], speaker: Speaker) -> Flow[Any]:
    # The newest generation's word first: a peer that does not know it has done nothing, and says so.
    budget = Budget.rest_of(step.options)
    try:
        result = yield step
    except MethodNotServed:
        yield from discover(speaker, budget)
        if speaker.methods in (None, METHODS):
            raise
        again = attrs.evolve(step, options=budget.options())
        return (yield from _said(again, speaker))
    except _SERVED:
        speaker.methods = speaker.methods or METHODS
        raise
    speaker.methods = speaker.methods or METHODS
    return result


def discover(speaker: Speaker, budget: Budget) -> Flow[None]:
    """Find out what the peer speaks: an empty query is refused as such where it is served.

    Raises:
        AngzarrError: It could not be asked. Nothing is remembered then.

    """
    for methods in _TABLES.values():
        try:
            yield from Call(methods.get_event_book, Query(), budget.options())
        except MethodNotServed:
            continue
        except InvalidArgument:
            pass
        speaker.methods = methods
        return
