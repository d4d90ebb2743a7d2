"""Commands in the making: everything about them that needs no I/O."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Generic, Self, TypeVar, overload
from uuid import UUID, uuid4

import attrs

from angzarr_domain.books import (
    Codec,
    CommandBook,
    CommandPage,
    CommandRequest,
    Cover,
    MergeStrategy,
    Message,
    Payload,
    SpeculateRequest,
    SyncMode,
    check_correlation_id,
    check_domain,
    check_payload,
    check_sequence,
    parse_root,
)
from angzarr_domain.exceptions import InvalidArgument, UsageError

from ._budget import Budget
from ._connection import BaseConnection
from ._flows import send, speculate
from ._points import AsOf, point_of
from ._reading import correlation_id_of
from ._results import CommandResult, result_of
from ._steps import Flow

Ready = TypeVar("Ready", bound="Prepared")
To = TypeVar("To")


@attrs.frozen(kw_only=True)
class Draft:
    """What a command is sent with, whatever it says. Each setter returns a new value."""

    connection: BaseConnection = attrs.field(repr=False, eq=False)
    domain: str
    correlation_id: str = ""
    sequence: int | None = None
    merge_strategy: MergeStrategy | None = None

    def with_sequence(self, sequence: int) -> Self:
        """Accept the command only if this is the stream's next sequence: an optimistic lock (STRICT).

        Raises:
            InvalidArgument: Not within 0 to 2**32 - 1.

        """
        return attrs.evolve(self, sequence=check_sequence(sequence))

    def with_merge_strategy(self, merge_strategy: MergeStrategy) -> Self:
        """What happens when the stream is at another sequence than the expected one, which is 0 unless given."""
        return attrs.evolve(self, merge_strategy=MergeStrategy(merge_strategy))

    def with_correlation_id(self, correlation_id: str) -> Self:
        """The workflow that the events will carry; unless given, a new one is drawn for each send.

        Raises:
            InvalidArgument: LIMIT_EXCEEDED: it is up to 128 of A-Z, a-z, 0-9, "_" and "-".

        """
        return attrs.evolve(self, correlation_id=check_correlation_id(correlation_id))


def encoded(command: str | Message, message: Message | bytes | None, codec: Codec) -> Payload:
    """The payload that `with_command(message)` or `with_command(type, message)` asks for.

    Raises:
        InvalidArgument: COMMAND_TYPE_URL_MISSING, COMMAND_PAYLOAD_MISSING, or LIMIT_EXCEEDED over 256 KiB.

    """
    if not isinstance(command, str):
        return check_payload(codec.encode(command))
    if not command:
        raise InvalidArgument(
            "the command has no type URL: name its type", field="type_url", code="COMMAND_TYPE_URL_MISSING"
        )
    if message is None:
        raise InvalidArgument(
            f"the command {command} has no payload: pass its message, or its bytes",
            field="payload",
            code="COMMAND_PAYLOAD_MISSING",
        )
    value = message if isinstance(message, bytes) else codec.encode(message).value
    return check_payload(Payload(command if "/" in command else f"/{command}", value))


@attrs.frozen(kw_only=True)
class Prepared(Draft):
    """A command that is complete. The root is drawn when it becomes so, once, if none was given."""

    payload: Payload
    root: UUID = attrs.field(factory=uuid4)

    @overload
    def with_command(self, command: Message, /) -> Self: ...
    @overload
    def with_command(self, command: str, message: Message | bytes, /) -> Self: ...
    def with_command(self, command: str | Message, message: Message | bytes | None = None, /) -> Self:
        """Another command to the same root; see `CommandBuilder.with_command`."""
        return attrs.evolve(self, payload=encoded(command, message, self.connection.codec))

    def build(self) -> CommandBook:
        """The command as it would be sent now.

        Sequence and merge strategy are always written: without an expected sequence it is AGGREGATE_HANDLES at 0,
        which nobody compares.
        """
        strategy = self.merge_strategy
        if strategy is None:
            strategy = MergeStrategy.AGGREGATE_HANDLES if self.sequence is None else MergeStrategy.STRICT
        page = CommandPage(self.payload, sequence=self.sequence or 0, merge_strategy=strategy)
        cover = Cover(self.domain, self.root, self.correlation_id or str(uuid4()))
        return CommandBook(cover, (page,))

    def sending(self, mode: SyncMode, budget: Budget, codec: Codec) -> Flow[CommandResult]:
        """The flow that sends it."""
        book = self.build()
        # Drawn in `build`, for this one send: what carries it is what this led to.
        drawn = not self.correlation_id
        response = yield from send(CommandRequest(book, SyncMode(mode)), budget, codec, drawn=drawn)
        return result_of(self.domain, self.root, correlation_id_of(book), response)

    def speculating(self, as_of: AsOf, budget: Budget, codec: Codec) -> Flow[CommandResult]:
        """The flow that asks what it would lead to."""
        if self.sequence is not None:
            raise UsageError(
                "a what-if is decided at as_of, its expected sequence would not be checked: leave out with_sequence",
                field="sequence",
            )
        book = self.build()
        response = yield from speculate(SpeculateRequest(book, point_of(as_of)), budget, codec)
        return result_of(self.domain, self.root, correlation_id_of(book), response)


@attrs.frozen(kw_only=True)
class Addressed(Draft, ABC, Generic[Ready]):
    """Where a command goes, before anybody said which."""

    root: UUID | None = None

    @overload
    def with_command(self, command: Message, /) -> Ready: ...
    @overload
    def with_command(self, command: str, message: Message | bytes, /) -> Ready: ...
    def with_command(self, command: str | Message, message: Message | bytes | None = None, /) -> Ready:
        """Say what: a message; or a type, by full name or type URL, and a message or its bytes.

        Raises:
            InvalidArgument: COMMAND_TYPE_URL_MISSING, COMMAND_PAYLOAD_MISSING, or LIMIT_EXCEEDED over 256 KiB.

        """
        given = {} if self.root is None else {"root": self.root}
        return self._ready()(
            connection=self.connection,
            domain=self.domain,
            correlation_id=self.correlation_id,
            sequence=self.sequence,
            merge_strategy=self.merge_strategy,
            payload=encoded(command, message, self.connection.codec),
            **given,
        )

    @abstractmethod
    def _ready(self) -> type[Ready]:
        """What it becomes."""


def addressed(kind: Callable[..., To], connection: BaseConnection, domain: str, root: UUID | str | None) -> To:
    """A builder of this kind for this address.

    Raises:
        InvalidArgument: MISSING_DOMAIN, LIMIT_EXCEEDED or PROTO_UUID_INVALID.

    """
    return kind(connection=connection, domain=check_domain(domain), root=None if root is None else parse_root(root))
