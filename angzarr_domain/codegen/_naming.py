"""Python names for protobuf names.

A name that cannot be used gets an underscore at its end, whether or not the file at hand would need it: adding a
field must never rename another.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Collection, Iterable, Sequence
from enum import IntEnum
from pathlib import PurePosixPath
from typing import Final

#: What generated modules use at module level. A class or field of this name would hide it.
MODULE_NAMES: Final = frozenset(
    {"ClassVar", "Mapping", "OpenEnum", "annotations", "dt", "frozen", "proto", "proto_map", "uuid"}
    | {"bool", "bytes", "float", "int", "str", "tuple"}
)

#: What the __init__ that attrs makes uses.
_INIT_NAMES: Final = frozenset({"self", "attr_dict", "NOTHING"})

#: Where a word begins in CamelCase.
_WORDS: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")

#: What a class of commands has of its own.
_COMMANDS_NAMES: Final = frozenset({"client", "root"})

#: What every aggregate has, what its class is declared with, and types that its author's fields have.
_AGGREGATE_NAMES: Final = frozenset(
    {"root", "exists", "next_sequence"}
    | {"bool", "bytes", "dict", "float", "frozenset", "int", "list", "set", "str", "tuple", "type"}
    | {"accepts", "aggregate", "applies", "compensates", "handles", "undoes"}
)

_ENUM_NAMES: Final = frozenset(dir(IntEnum)) | frozenset(dir(int)) | {"mro", "name", "value"}


def module_path(proto_name: str) -> PurePosixPath:
    """Where the module of a .proto goes: `bank/v1/account.proto` is `bank/v1/account_messages.py`."""
    return _beside(proto_name, "_messages.py")


def commands_path(proto_name: str) -> PurePosixPath:
    """Where the commands of a .proto go: `bank/v1/account_commands.py`."""
    return _beside(proto_name, "_commands.py")


def _beside(proto_name: str, ending: str) -> PurePosixPath:
    path = PurePosixPath(proto_name)
    return path.with_name(path.stem.replace("-", "_").replace(".", "_") + ending)


def owner_class(name: str) -> str:
    """What the classes of a component or domain are named after: `Account` for `AccountState`, as for `account`."""
    parts = re.split(r"[^0-9A-Za-z]+", name.removesuffix("State") or name)
    return "".join(part[:1].upper() + part[1:] for part in parts)


def snake_case(name: str) -> str:
    """`open_account` for `OpenAccount`, `http_get` for `HTTPGet`."""
    return _WORDS.sub("_", name).strip("_").lower()


def command_method(message: str, taken: Collection[str]) -> str:
    """The method of a command, in a class of commands.

    Args:
        message: The command's name in the .proto.
        taken: Names of the classes that the module imports: a method would hide them from annotations.

    """
    name = snake_case(message)
    named = name if name.isidentifier() else f"command_{name}"
    return _usable(named, MODULE_NAMES | _COMMANDS_NAMES | frozenset(taken))


def aggregate_method(message: str, taken: Collection[str], pattern: str = "{}") -> str:
    """The method for a command or event, in an aggregate that has these names already."""
    name = pattern.format(snake_case(message))
    named = _usable(name if name.isidentifier() else f"message_{name}", _AGGREGATE_NAMES)
    while named in taken:
        named += "_"
    return named


def class_name(scope: str, name: str) -> str:
    """The class of a message or enum: nested ones are named after the message they are in, `OrderLine`."""
    return _usable(_public(scope + name) if (scope + name).startswith("__") else scope + name, MODULE_NAMES)


def alias(package: str, name: str) -> str:
    """Another name for a class from elsewhere, where its own is taken: `CommonV1Money`."""
    return "".join(part[:1].upper() + part[1:] for part in re.split(r"[._]", package)) + name


def field_names(protobuf_names: Sequence[str], taken: Collection[str]) -> dict[str, str]:
    """Attribute names for the fields of one message, by their names in the .proto.

    Args:
        protobuf_names: In the order of the .proto.
        taken: Names of the classes that the module defines or imports.

    """
    reserved = MODULE_NAMES | _INIT_NAMES | frozenset(taken)
    usable = {name for name in protobuf_names if _usable(name, reserved) == name and not name.startswith("_")}
    chosen: dict[str, str] = {}
    for name in protobuf_names:
        wanted = name if name in usable else _usable(_public(name), reserved)
        while name not in usable and (wanted in usable or wanted in chosen.values()):
            wanted += "_"
        chosen[name] = wanted
    return chosen


def _public(name: str) -> str:
    # attrs drops leading underscores from the names of arguments, and Python mangles two of them.
    core = name.strip("_")
    return f"{core}_" if core.isidentifier() else f"field_{core}"


def member_names(enum_name: str, protobuf_names: Sequence[str]) -> list[str]:
    """Names of an enum's members: without the common prefix, `ACCOUNT_STATUS_`, if every name allows it."""
    prefix = _WORDS.sub("_", enum_name).upper() + "_"
    stripped = [name.removeprefix(prefix) for name in protobuf_names]
    if all(name.startswith(prefix) for name in protobuf_names) and all(map(_is_member, stripped)):
        return stripped
    return [name if _is_member(name) else f"{name.lstrip('_')}_" for name in protobuf_names]


def duplicates(names: Iterable[str]) -> list[str]:
    """The names that occur more than once, sorted."""
    seen = list(names)
    return sorted({name for name in seen if seen.count(name) > 1})


def _is_member(name: str) -> bool:
    return name.isidentifier() and not keyword.iskeyword(name) and not name.startswith("_") and name not in _ENUM_NAMES


def _usable(name: str, reserved: Collection[str]) -> str:
    return f"{name}_" if keyword.iskeyword(name) or name in reserved else name
