"""Messages of older generations, made from the newest one's and into them, field by field where they differ.

A message of an older generation has the newest one's numbers for nearly all it shares with it. So a value is encoded as
the newest has it, read as the older message, which drops what that does not know, and then mended in place; and back.
What a sender chose and the peer would lose is refused; what only tells a reader more is left out. Messages are of any
kind here: the two older generations have the same shapes in different classes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from google.protobuf.message import DecodeError

from angzarr_domain.books import EventBook, type_name_of_url
from angzarr_domain.exceptions import NotSupported

from ._books import read_event_book
from ._dialects import FRAMEWORK_PREFIX, RELEASED_DIALECT, Dialect, less_one, one_more
from ._held_back import drop
from .pb import messages as pb
from .pb import released

_NEWEST: Final = "io.angzarr.v1."
_USERS_PREFIX: Final = "type.googleapis.com/"

#: Payloads of the framework that cross generations.
_TRANSLATED: Final = frozenset({"Notification", "RejectionNotification", "Compensate"})


def lower(dialect: Dialect, name: str, message: Any) -> None:
    """Mend a message that still has the newest generation's numbers."""
    mend = _LOWER.get(name)
    if mend is not None:
        mend(dialect, message)


def lift(dialect: Dialect, name: str, message: Any) -> None:
    """Mend a message, so that it may be read as one of the newest generation."""
    mend = _LIFT.get(name)
    if mend is not None:
        mend(dialect, message)


def _lower_payload(dialect: Dialect, message: Any) -> None:
    """Users' payloads get the prefix that older peers compare with; the framework's get that generation's name."""
    url: str = message.type_url
    if _NEWEST in url:
        prefix = f"{FRAMEWORK_PREFIX}{dialect.package}."
        _rename(dialect, message, _NEWEST, prefix, lower)
    elif url.startswith("/"):
        message.type_url = _USERS_PREFIX + url[1:]
    elif url and "/" not in url:
        message.type_url = _USERS_PREFIX + url


def _lift_payload(dialect: Dialect, message: Any) -> None:
    """The framework's payloads get their newest names; any prefix of others is fine as it is."""
    url: str = message.type_url
    if url.startswith(FRAMEWORK_PREFIX):
        _rename(dialect, message, dialect.package + ".", "/" + _NEWEST, lift)


def _rename(
    dialect: Dialect, message: Any, package: str, prefix: str, mend: Callable[[Dialect, str, Any], None]
) -> None:
    name = type_name_of_url(message.type_url)
    short = name.removeprefix(package)
    if name == short or short not in _TRANSLATED:
        return
    message.type_url = prefix + short
    try:
        content = getattr(dialect.pb, short).FromString(message.value)
    except DecodeError:
        return  # whoever reads it says so better
    if mend is lower:
        content.DiscardUnknownFields()
    mend(dialect, short, content)
    message.value = content.SerializeToString(deterministic=True)


def _lower_command_page(dialect: Dialect, message: Any) -> None:
    message.merge_strategy = less_one(message.merge_strategy)
    if dialect.has_page_mode and message.header.HasField("sync_mode"):
        message.header.sync_mode = dialect.lower_mode(message.header.sync_mode)
    if message.HasField("command"):
        _lower_payload(dialect, message.command)


def _lift_command_page(dialect: Dialect, message: Any) -> None:
    message.merge_strategy = one_more(message.merge_strategy)
    if dialect.has_page_mode and message.header.HasField("sync_mode"):
        message.header.sync_mode = dialect.lift_mode(message.header.sync_mode)
    if message.HasField("command"):
        _lift_payload(dialect, message.command)


def _lower_command_request(dialect: Dialect, message: Any) -> None:
    message.sync_mode = dialect.lower_mode(message.sync_mode)
    message.cascade_error_mode = less_one(message.cascade_error_mode)
    _parts(lower, command="CommandBook")(dialect, message)


def _lift_command_request(dialect: Dialect, message: Any) -> None:
    if message.HasField("cascade_id"):
        raise NotSupported("two-phase commits (cascade_id): send the command without one")
    message.sync_mode = dialect.lift_mode(message.sync_mode)
    message.cascade_error_mode = one_more(message.cascade_error_mode)
    _parts(lift, command="CommandBook")(dialect, message)


def _lower_saga_request(dialect: Dialect, message: Any) -> None:
    message.sync_mode = dialect.lower_mode(message.sync_mode)
    message.cascade_error_mode = less_one(message.cascade_error_mode)
    _parts(lower, source="EventBook")(dialect, message)


def _lift_saga_request(dialect: Dialect, message: Any) -> None:
    message.sync_mode = dialect.lift_mode(message.sync_mode)
    message.cascade_error_mode = one_more(message.cascade_error_mode)
    _parts(lift, source="EventBook")(dialect, message)


def _lower_event_request(dialect: Dialect, message: Any) -> None:
    message.sync_mode = dialect.lower_mode(message.sync_mode)
    _parts(lower, events="EventBook")(dialect, message)


def _lift_event_request(dialect: Dialect, message: Any) -> None:
    message.sync_mode = dialect.lift_mode(message.sync_mode)
    _parts(lift, events="EventBook")(dialect, message)


def _payload(mend: Callable[[Dialect, Any], None], field: str) -> Callable[[Dialect, Any], None]:
    def mend_field(dialect: Dialect, message: Any) -> None:
        if message.HasField(field):
            mend(dialect, getattr(message, field))

    return mend_field


def _parts(mend: Callable[[Dialect, str, Any], None], **names: str) -> Callable[[Dialect, Any], None]:
    """Mends the messages in these fields, each of the named kind, one or many."""

    def mend_parts(dialect: Dialect, message: Any) -> None:
        for field, _ in message.ListFields():
            kind = names.get(field.name)
            if kind is None:
                continue
            value = getattr(message, field.name)
            for part in value if hasattr(value, "add") else (value,):
                mend(dialect, kind, part)

    return mend_parts


_SHARED: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "CommandBook": {"pages": "CommandPage"},
        "EventBook": {"pages": "EventPage", "snapshot": "Snapshot"},
        "ContextualCommand": {"events": "EventBook", "command": "CommandBook"},
        "SpeculateCommandHandlerRequest": {"command": "CommandBook"},
        "CommandResponse": {"events": "EventBook", "projections": "Projection"},
        "FactInjectionResponse": {"events": "EventBook", "projections": "Projection"},
        "BusinessResponse": {"events": "EventBook", "notification": "Notification"},
        "FactRequest": {"facts": "EventBook", "prior_events": "EventBook"},
        "ReplayRequest": {"base_snapshot": "Snapshot", "events": "EventPage"},
        "UpcastRequest": {"events": "EventPage"},
        "UpcastResponse": {"events": "EventPage"},
        "RejectionNotification": {"rejected_command": "CommandBook"},
        "SpeculateProjectorRequest": {"events": "EventBook"},
        "SpeculateSagaRequest": {"request": "SagaHandleRequest"},
        "SagaResponse": {"commands": "CommandBook", "events": "EventBook"},
        "SpeculatePmRequest": {"request": "ProcessManagerHandleRequest"},
        "ProcessManagerHandleRequest": {"trigger": "EventBook", "process_state": "EventBook"},
        "ProcessManagerHandleResponse": {
            "process_events": "EventBook",
            "commands": "CommandBook",
            "facts": "EventBook",
            "notification": "Notification",
        },
    }
)
_PAYLOADS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "EventPage": "event",
        "Snapshot": "state",
        "Projection": "projection",
        "Notification": "payload",
        "ReplayResponse": "state",
    }
)
_LOWER: Final[Mapping[str, Callable[[Dialect, Any], None]]] = MappingProxyType(
    {name: _parts(lower, **fields) for name, fields in _SHARED.items()}
    | {name: _payload(_lower_payload, field) for name, field in _PAYLOADS.items()}
    | {
        "CommandPage": _lower_command_page,
        "CommandRequest": _lower_command_request,
        "EventRequest": _lower_event_request,
        "SagaHandleRequest": _lower_saga_request,
    }
)
_LIFT: Final[Mapping[str, Callable[[Dialect, Any], None]]] = MappingProxyType(
    {name: _parts(lift, **fields) for name, fields in _SHARED.items()}
    | {name: _payload(_lift_payload, field) for name, field in _PAYLOADS.items()}
    | {
        "CommandPage": _lift_command_page,
        "CommandRequest": _lift_command_request,
        "EventRequest": _lift_event_request,
        "SagaHandleRequest": _lift_saga_request,
    }
)


def read_bare_book(data: bytes) -> EventBook:
    """The event book that older coordinators put where google.rpc.Status belongs.

    Raises:
        DecodeError: The bytes are no such book.
        InvalidArgument: It makes no sense.

    """
    book = released.EventBook.FromString(data)
    drop(RELEASED_DIALECT, book.pages)
    lift(RELEASED_DIALECT, "EventBook", book)
    return read_event_book(pb.EventBook.FromString(book.SerializeToString()))
