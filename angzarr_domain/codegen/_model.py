"""What a generated module consists of, between reading descriptors and writing Python."""

from __future__ import annotations

from pathlib import PurePosixPath

import attrs


@attrs.frozen
class Member:
    """A member of an enum."""

    name: str
    number: int
    doc: str


@attrs.frozen
class Enumeration:
    """An enum class."""

    name: str
    full_name: str
    doc: str
    members: tuple[Member, ...]


@attrs.frozen
class Field:
    """A field of a message class.

    Attributes:
        annotation: Its Python type, as source.
        function: What declares it, `proto` or `proto_map`.
        arguments: The arguments of that call, as source.
        default: What it holds unless given, as source.

    """

    name: str
    annotation: str
    function: str
    arguments: tuple[str, ...]
    default: str
    doc: str


@attrs.frozen
class MessageClass:
    """A message class.

    Attributes:
        domain: The domain whose aggregate takes it, for commands that say so.

    """

    name: str
    full_name: str
    doc: str
    domain: str | None
    fields: tuple[Field, ...]


@attrs.frozen
class Import:
    """A class from another generated module.

    Attributes:
        source: Name of the .proto that the other module is made from.

    """

    source: str
    path: PurePosixPath
    name: str
    alias: str


@attrs.frozen
class Module:
    """A generated module.

    Attributes:
        source: Name of the .proto.
        path: Where it goes, below the output folder.

    """

    source: str
    package: str
    path: PurePosixPath
    doc: str
    imports: tuple[Import, ...]
    enums: tuple[Enumeration, ...]
    messages: tuple[MessageClass, ...]


@attrs.frozen
class Command:
    """A command that a class of commands has a method for."""

    method: str
    message: MessageClass


@attrs.frozen
class CommandsClass:
    """A class of commands, and its asynchronous twin.

    Attributes:
        owner: What both are named after.

    """

    owner: str
    domain: str
    commands: tuple[Command, ...]


@attrs.frozen
class CommandsModule:
    """A generated module of the commands that one .proto declares.

    Attributes:
        imports: The classes of messages that it needs.

    """

    source: str
    package: str
    path: PurePosixPath
    imports: tuple[Import, ...]
    classes: tuple[CommandsClass, ...]


@attrs.frozen
class SkeletonMethod:
    """A method of an aggregate's skeleton.

    Attributes:
        mark: Its decorator.
        message: Name of the class of the command or event that it is for.
        emits: For a command, the names of the events' classes.
        domain: Whose refusal it answers; "" for any.

    """

    mark: str
    name: str
    message: str
    doc: str
    emits: tuple[str, ...] = ()
    domain: str = ""


@attrs.frozen
class Skeleton:
    """An aggregate that its author is yet to write.

    Attributes:
        name: Its class.
        file: Name of the module, without a folder.

    """

    name: str
    file: str
    domain: str
    doc: str
    imports: tuple[Import, ...]
    methods: tuple[SkeletonMethod, ...]
