"""The method tables of the older generations, made of the newest one's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Generic, TypeVar

import attrs
from google.protobuf.message import DecodeError

from angzarr_domain.books import CascadeReactionError
from angzarr_domain.exceptions import DecodeFailed, TooLarge

from ._dialects import INTERIM_DIALECT, RELEASED_DIALECT, Dialect
from ._held_back import Treatments, in_answer, in_request, treat
from ._mending import lift, lower
from ._methods import METHODS, Method, Methods
from ._pool import POOL
from ._status import to_conflict_in_words, to_unrepeated_status

V = TypeVar("V")

#: Bytes that an older coordinator takes of a reply of business logic: 4 MiB.
MAX_REPLY: Final = 4 * 1024 * 1024


@attrs.frozen
class _Codec(Generic[V]):
    """Bytes of one older message, by way of the newest one's.

    Attributes:
        name: The message's own name.
        encode: The newest generation's.
        decode: The newest generation's.
        held_back: What becomes of pages that have not happened.

    """

    dialect: Dialect
    name: str
    newest_encode: Callable[[V], bytes]
    newest_decode: Callable[[bytes], V]
    held_back: Treatments

    def encode(self, value: V) -> bytes:
        """Raises NotSupported for what the peer would lose."""
        _check(self.dialect, self.name, value)
        message = self._class.FromString(self.newest_encode(value))
        message.DiscardUnknownFields()
        lower(self.dialect, self.name, message)
        _complete(self.name, message, value)
        data: bytes = message.SerializeToString(deterministic=True)
        if self.name == "BusinessResponse" and len(data) > MAX_REPLY:
            raise TooLarge(
                f"the reply has {len(data)} bytes and {self.dialect.name} takes {MAX_REPLY}: record fewer or smaller "
                "events at once"
            )
        return data

    def decode(self, data: bytes) -> V:
        """Raises as the newest generation's."""
        try:
            message = self._class.FromString(data)
        except DecodeError as error:
            name = f"{self.dialect.package}.{self.name}"
            raise DecodeFailed("/" + name, f"{len(data)} bytes that are no such message") from error
        treat(self.dialect, message, self.held_back)
        lift(self.dialect, self.name, message)
        return _completed(self.name, self.newest_decode(message.SerializeToString()), message)

    @property
    def _class(self) -> Any:
        return getattr(self.dialect.pb, self.name)


@attrs.frozen
class _SameCodec(Generic[V]):
    """A well-known message, the same in all generations."""

    encode: Callable[[V], bytes]
    decode: Callable[[bytes], V]


def _check(dialect: Dialect, name: str, value: Any) -> None:
    match name:
        case "CommandRequest" | "SpeculateCommandHandlerRequest":
            dialect.check_kept(value.command)
        case "EventRequest" if value.events is not None:
            dialect.check_cover(value.events.cover)
        case "Query" | "SpeculateProjectorRequest":
            dialect.check_cover(value.cover)
        case "SpeculateSagaRequest" if value.source is not None:
            dialect.check_cover(value.source.cover)
        case "SpeculatePmRequest":
            for book in (value.trigger, value.process_state):
                dialect.check_cover(None if book is None else book.cover)
        case _:
            pass


def _complete(name: str, message: Any, value: Any) -> None:
    """Fill in what has another name or sense in the older message."""
    if name == "EventRequest":
        message.route_to_handler = not value.skip_handler
    elif name == "CommandResponse" and "cascade_errors" in message.DESCRIPTOR.fields_by_name:
        for error in value.reaction_errors:
            message.cascade_errors.add(component_name=error.component, error_message=error.message)


def _completed(name: str, value: V, message: Any) -> V:
    """The value, with what has another name or sense in the older message."""
    found: Any = value
    if name == "EventRequest":
        found = attrs.evolve(found, skip_handler=not message.route_to_handler)
    elif name == "CommandResponse" and "cascade_errors" in message.DESCRIPTOR.fields_by_name:
        errors = tuple(
            CascadeReactionError(component=error.component_name, message=error.error_message)
            for error in message.cascade_errors
        )
        found = attrs.evolve(found, reaction_errors=errors)
    completed: V = found
    return completed


def _table(dialect: Dialect) -> Methods:
    return Methods(
        **{field.name: _method(dialect, field.name, getattr(METHODS, field.name)) for field in attrs.fields(Methods)}
    )


def _method(dialect: Dialect, place: str, newest: Method[Any, Any]) -> Method[Any, Any]:
    service = f"{dialect.package}.{newest.service.rpartition('.')[2]}"
    described = POOL.FindServiceByName(service).methods_by_name[newest.name]
    asked, answered = described.input_type.name, described.output_type.name
    request = _codec(dialect, asked, newest.encode_request, newest.decode_request, in_request(asked))
    response = _codec(dialect, answered, newest.encode_response, newest.decode_response, in_answer(answered, place))
    return Method(
        service,
        newest.name,
        newest.kind,
        request.encode,
        request.decode,
        response.encode,
        response.decode,
        to_unrepeated_status if service.endswith(".CommandHandlerService") else to_conflict_in_words,
    )


def _codec(
    dialect: Dialect,
    name: str,
    encode: Callable[[V], bytes],
    decode: Callable[[bytes], V],
    held_back: Treatments,
) -> _Codec[V] | _SameCodec[V]:
    if not hasattr(dialect.pb, name):
        return _SameCodec(encode, decode)
    return _Codec(dialect, name, encode, decode, held_back)


RELEASED: Final = _table(RELEASED_DIALECT)
"""The calls of the released generation, package `angzarr`."""

INTERIM: Final = _table(INTERIM_DIALECT)
"""The calls of the generation of May 2026, package `angzarr_client.proto.angzarr.v1`."""
