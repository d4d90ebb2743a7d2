"""Messages as plain values for JSON: what command lines, histories and failure texts show and read.

Exact both ways. Fields are named as in Python, and those that hold their default are left out. Times are ISO 8601,
durations seconds ("1.5s"), bytes base64, enum members their names and unknown ones their numbers.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from types import GenericAlias
from typing import Any, TypeVar, get_args, get_origin
from uuid import UUID

import attrs
import cattrs
from cattrs.errors import BaseValidationError, ForbiddenExtraKeysError
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn
from google.protobuf import json_format
from google.protobuf.message import Message as CompiledMessage

from angzarr_domain.books import Message, type_name
from angzarr_domain.exceptions import InvalidArgument
from angzarr_domain.messages import FrozenMap, OpenEnum, Shape, schema_of

M = TypeVar("M", bound=Message)
_MICROSECOND = timedelta(microseconds=1)
_REALS = frozenset({"double", "float"})


def to_json(message: Message) -> dict[str, Any]:
    """The message as values that `json.dumps` takes.

    Compiled messages give protobuf's own JSON form, with field names as in the .proto.

    Raises:
        UsageError: It is no message.

    """
    type_name(type(message))
    if isinstance(message, CompiledMessage):
        return json_format.MessageToDict(
            message, preserving_proto_field_name=True, descriptor_pool=_pool_of(type(message))
        )
    plain: dict[str, Any] = _CONVERTER.unstructure(message)
    return plain


def from_json(message_type: type[M], plain: Mapping[str, Any]) -> M:
    """The message that `to_json` gave these values for.

    Raises:
        InvalidArgument: They do not fit the message: every place and what is expected there, in the text.

    """
    name = type_name(message_type)
    if not isinstance(plain, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance] - JSON may be anything
        raise InvalidArgument(f"not the JSON of a {name}: expected an object, not a {type(plain).__name__}", field="$")
    try:
        if issubclass(message_type, CompiledMessage):
            return json_format.ParseDict(dict(plain), message_type(), descriptor_pool=_pool_of(message_type))
        return _CONVERTER.structure(plain, message_type)
    except json_format.ParseError as error:
        raise InvalidArgument(f"not the JSON of a {name}: see the .proto for its fields", field="$") from error
    except BaseValidationError as error:
        issues = cattrs.transform_error(error, format_exception=_expectation)
        place = issues[0].rpartition("@ ")[2]
        raise InvalidArgument(f"not the JSON of a {name}: {'; '.join(issues)}", field=place) from error


def _pool_of(message_type: type[CompiledMessage]) -> Any:
    return message_type.DESCRIPTOR.file.pool  # where the types of its Any fields are, if anywhere


def _expectation(error: BaseException, expected: type[Any] | None) -> str:
    if isinstance(error, InvalidArgument):
        return error.message
    if isinstance(error, ForbiddenExtraKeysError):
        return f"no such field: {', '.join(sorted(error.extra_fields))}"
    return f"expected {getattr(expected, '__name__', expected)}"


def _exactly(kind: type[Any]) -> Callable[[Any, Any], Any]:
    def structure(value: Any, _type: Any) -> Any:
        if type(value) is not kind:
            raise TypeError(kind.__name__)
        return value

    return structure


def _real_out(value: float) -> float | str:
    return value if math.isfinite(value) else str(value)


def _real_in(value: Any, _type: Any) -> float:
    if value in ("nan", "inf", "-inf"):
        return float(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError("float")
    return float(value)


def _moment_in(value: Any, _type: Any) -> datetime:
    return datetime.fromisoformat(value)


def _duration_out(value: timedelta) -> str:
    return f"{(Decimal(value // _MICROSECOND) / 1_000_000).normalize():f}s"


def _duration_in(value: Any, _type: Any) -> timedelta:
    try:
        seconds = Decimal(value.removesuffix("s"))
        return int(seconds * 1_000_000) * _MICROSECOND
    except (InvalidOperation, AttributeError) as error:
        raise ValueError("timedelta") from error


def _enum_out(value: OpenEnum) -> str | int:
    return value.name if type(value).__members__.get(value.name) is value else int(value)


def _enum_in(value: Any, enum: type[OpenEnum]) -> OpenEnum:
    return enum[value] if isinstance(value, str) else enum(_exactly(int)(value, int))


def _map_out(items: FrozenMap[Any, Any]) -> dict[str, Any]:
    # JSON's keys are text.
    return {
        str(key).lower() if isinstance(key, bool) else str(key): _CONVERTER.unstructure(item)
        for key, item in items.items()
    }


def _map_in(plain: Any, annotation: Any) -> FrozenMap[Any, Any]:
    key_type, item_type = get_args(annotation)
    return FrozenMap(
        {
            _KEYS[key_type](key): _CONVERTER.structure(item, item_type)
            for key, item in _exactly(dict)(plain, dict).items()
        }
    )


def _list_out(items: tuple[Any, ...]) -> list[Any]:
    return [_CONVERTER.unstructure(item) for item in items]


def _list_in(plain: Any, annotation: Any) -> tuple[Any, ...]:
    _exactly(list)(plain, list)  # a text or an object is iterable too, but no list
    as_list: Any = GenericAlias(list, get_args(annotation)[:1])
    items: list[Any] = _CONVERTER.structure(plain, as_list)
    return tuple(items)


_KEYS: Mapping[type[Any], Callable[[str], Any]] = {
    str: str,
    int: int,
    bool: {"true": True, "false": False}.__getitem__,
}


def _is_of(origin: Any) -> Callable[[Any], bool]:
    return lambda annotation: get_origin(annotation) is origin


def _message_out(cls: type[Any], converter: cattrs.Converter) -> Callable[[Any], Any]:
    plain_of = make_dict_unstructure_fn(cls, converter, _cattrs_omit_if_default=True)
    reals = [name for name, field in schema_of(cls).items() if field.shape is Shape.SINGLE and field.kind in _REALS]

    def out(message: Any) -> Any:
        # -0.0 equals the default that is left out, and is still another value.
        negative = (name for name in reals if str(getattr(message, name)) == "-0.0")
        return plain_of(message) | dict.fromkeys(negative, -0.0)

    return out if reals else plain_of


def _message_in(cls: type[Any], converter: cattrs.Converter) -> Callable[[Any, Any], Any]:
    return make_dict_structure_fn(cls, converter, _cattrs_forbid_extra_keys=True)


def _converter() -> cattrs.Converter:
    converter = cattrs.Converter()
    for kind in (bool, int, str):
        converter.register_structure_hook(kind, _exactly(kind))
    converter.register_unstructure_hook(float, _real_out)
    converter.register_structure_hook(float, _real_in)
    converter.register_unstructure_hook(bytes, lambda value: base64.b64encode(value).decode())
    converter.register_structure_hook(bytes, lambda value, _type: base64.b64decode(value, validate=True))
    converter.register_unstructure_hook(
        datetime, lambda value: value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    )
    converter.register_structure_hook(datetime, _moment_in)
    converter.register_unstructure_hook(timedelta, _duration_out)
    converter.register_structure_hook(timedelta, _duration_in)
    converter.register_unstructure_hook(UUID, str)
    converter.register_structure_hook(UUID, lambda value, _type: UUID(value))
    converter.register_unstructure_hook(OpenEnum, _enum_out)
    converter.register_structure_hook(OpenEnum, _enum_in)
    converter.register_unstructure_hook(FrozenMap, _map_out)
    converter.register_unstructure_hook_func(_is_of(Mapping), _map_out)
    converter.register_structure_hook_func(_is_of(Mapping), _map_in)
    converter.register_unstructure_hook_func(_is_of(tuple), _list_out)
    converter.register_structure_hook_func(_is_of(tuple), _list_in)
    converter.register_unstructure_hook_factory(attrs.has, _message_out)
    converter.register_structure_hook_factory(attrs.has, _message_in)
    return converter


_CONVERTER = _converter()
