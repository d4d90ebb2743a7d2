"""What all parts of one client share: a transport, the types it knows, and whether it is still open."""

from __future__ import annotations

import copy
import os
import warnings
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from typing import Any, ClassVar, Protocol, Self, TypeVar

import attrs

from angzarr_domain.books import Message, check_message, type_name
from angzarr_domain.exceptions import AngzarrError, InvalidArgument, Retry, UsageError
from angzarr_domain.wire import Method, PayloadCodec

from ._budget import Budget, Default, Metadata, Retrying, Timeout
from ._policies import RetryPolicy
from ._retrying import Attempts
from ._speaking import Protocol as Generation
from ._speaking import Speaker, spoken
from ._steps import Flow, run
from ._streams import bidi, stream
from ._transports.base import CallOptions, Transport

Q = TypeVar("Q")
R = TypeVar("R")


class State(Enum):
    """The life of a connection."""

    OPEN = "calls go out"
    CLOSED = "every call is a UsageError (CLIENT_CLOSED)"


class _Definition(Protocol):
    """What a client reads of an aggregate's definition, without knowing aggregates."""

    @property
    def domain(self) -> str: ...
    @property
    def handlers(self) -> Mapping[str, object]: ...
    @property
    def message_types(self) -> Iterable[type[Any]]: ...


class KnownTypes:
    """The messages a client decodes unasked, and the domains that commands belong to.

    Args:
        types: Message classes.
        aggregates: Classes decorated with `@aggregate`: their messages are known too.

    """

    def __init__(self, types: Iterable[type[Any]] = (), aggregates: Iterable[type[Any]] = ()) -> None:
        definitions = [_definition_of(cls) for cls in aggregates]
        named = [message for definition in definitions for message in definition.message_types]
        self.codec = PayloadCodec([*types, *named])
        self._domains: dict[str, set[str]] = {}
        for definition in definitions:
            for command in definition.handlers:
                self._domains.setdefault(command, set()).add(definition.domain)

    def domain_of(self, command: Message) -> str:
        """The domain that handles the command: by the message's own binding, or by the aggregates.

        Raises:
            InvalidArgument: MISSING_DOMAIN if neither says, or if they name several.

        """
        check_message(command)
        name = type_name(type(command))
        candidates = set(self._domains.get(name, ()))
        bound = getattr(type(command), "__angzarr_domain__", None)
        if isinstance(bound, str) and bound:
            candidates.add(bound)
        if len(candidates) == 1:
            return candidates.pop()
        found = f"several: {', '.join(sorted(candidates))}" if candidates else "none"
        raise InvalidArgument(
            f"the domain of {name} is not known, candidates are {found}; name it: "
            "command(domain, root).with_command(message)"
            + ("" if candidates else ", or tell the client of its aggregates: connect(..., aggregates=[...])"),
            field="domain",
            code="MISSING_DOMAIN",
            candidates=", ".join(sorted(candidates)),
        )


def _definition_of(cls: type[Any]) -> _Definition:
    # Of the class itself: a subclass that is not decorated has no definition of its own.
    definition: _Definition | None = vars(cls).get("__angzarr_definition__")
    if definition is None:
        raise UsageError(f"{cls.__qualname__} is not decorated: put @aggregate(domain=...) on it", field="aggregates")
    return definition


class _Life:
    """What a connection and its variants share: whether it is open, and in which process it was made."""

    def __init__(self, remedy: str, *, warn_unclosed: bool) -> None:
        self.state = State.OPEN
        self.process = os.getpid()
        self._remedy = remedy
        self._warn_unclosed = warn_unclosed

    def forked(self) -> bool:
        return self.process != os.getpid()

    def __del__(self) -> None:
        if self.state is State.OPEN and self._warn_unclosed and not self.forked():
            warnings.warn(
                f"a client was dropped unclosed: {self._remedy}",
                ResourceWarning,
                stacklevel=2,
                source=self,
            )


class BaseConnection:
    """What every connection knows, and whether it is still open.

    Attributes:
        known: The types that pages from here decode by.
        timeout: Seconds a call may take unless it says otherwise.
        metadata: Pairs sent along with each call.
        retry: When calls are made again; never without one.
        speaker: What is known of the peer's generation of the protocol.

    """

    _remedy: ClassVar = "use it in a with statement, or call close()"

    def __init__(
        self,
        known: KnownTypes,
        *,
        timeout: float | None,
        metadata: Metadata = (),
        retry: RetryPolicy | None = None,
        warn_unclosed: bool = True,
        protocol: Generation = Generation.NEWEST,
    ) -> None:
        self.metadata = Budget.of(timeout, metadata).metadata  # wrong ones are an error here, not at the first call
        self.speaker = Speaker(protocol)
        self.known = known
        self.timeout = timeout
        self.retry = retry
        self._life = _Life(self._remedy, warn_unclosed=warn_unclosed)

    @property
    def codec(self) -> PayloadCodec:
        """What pages from here decode by."""
        return self.known.codec

    def budget(self, timeout: Timeout = Default.TIMEOUT, metadata: Metadata = ()) -> Budget:
        """What a flow that starts now may spend."""
        seconds = self.timeout if timeout is Default.TIMEOUT else timeout
        budget = Budget.of(seconds, metadata, self.retry)
        named = {key for key, _ in budget.metadata}
        shared = tuple(pair for pair in self.metadata if pair[0] not in named)
        return attrs.evolve(budget, metadata=(*shared, *budget.metadata)) if shared else budget

    def varied(self, timeout: Timeout, metadata: Metadata, retry: Retrying) -> Self:
        """The same connection, whose calls have other defaults; closing one closes both."""
        varied = copy.copy(self)
        varied.metadata = self.budget(timeout, metadata).metadata
        varied.timeout = self.timeout if timeout is Default.TIMEOUT else timeout
        varied.retry = self.retry if retry is Default.RETRY else retry
        return varied

    def _check_open(self) -> None:
        if self._life.state is State.CLOSED:
            raise UsageError("this client is closed: connect another one", code="CLIENT_CLOSED")
        if self._life.forked():
            raise UsageError(
                "this client was made before this process was forked off, and its connection stayed behind: connect "
                "another one here",
                code="CLIENT_FORKED",
            )

    def _ends(self) -> bool:
        """Mark it closed; whether there is something to close."""
        ends = self._life.state is State.OPEN and not self._life.forked()
        self._life.state = State.CLOSED
        return ends


class Connection(BaseConnection):
    """Carries out flows over one transport, on behalf of every part of one client."""

    def __init__(
        self,
        transport: Transport,
        known: KnownTypes,
        *,
        timeout: float | None,
        metadata: Metadata = (),
        retry: RetryPolicy | None = None,
        warn_unclosed: bool = True,
        protocol: Generation = Generation.NEWEST,
    ) -> None:
        super().__init__(
            known, timeout=timeout, metadata=metadata, retry=retry, warn_unclosed=warn_unclosed, protocol=protocol
        )
        self._transport = transport

    def run(self, flow: Flow[R]) -> R:
        """Carry out a flow.

        Raises:
            UsageError: The client is closed (CLIENT_CLOSED), or was made before a fork (CLIENT_FORKED).

        """
        self._check_open()
        return run(spoken(flow, self.speaker), self._transport)

    def stream(self, method: Method[Q, R], request: Q, options: CallOptions) -> Iterator[R]:
        """The answers to one request, as they arrive."""
        self._check_open()
        return stream(self._transport, self.speaker, method, request, options)

    def retried(self, method: Method[Q, R], request: Q, budget: Budget, correlation_id: str = "") -> Iterator[R]:
        """The answers to one request, which is made again only before the first of them."""
        attempts = Attempts(budget)
        while True:
            begun = False
            try:
                for answer in self.stream(method, request, budget.options(correlation_id)):
                    begun = True
                    yield answer
            except AngzarrError as error:
                if begun or error.retry is not Retry.LATER:
                    raise
                self.run(attempts.pause(error))
            else:
                return

    def bidi(self, method: Method[Q, R], requests: Iterable[Q], options: CallOptions) -> Iterator[R]:
        """The answers to many requests, as they arrive."""
        self._check_open()
        return bidi(self._transport, self.speaker, method, requests, options)

    def close(self) -> None:
        """End it; harmless when repeated."""
        if self._ends():
            self._transport.close()
