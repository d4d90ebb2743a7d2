"""Which domain a command belongs to, from the options in the .proto files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from google.protobuf import message_factory
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool


def command_domains(described: bytes) -> tuple[dict[str, str], list[str]]:
    """The domain of each command by full name, and the issues found.

    A command names the component that owns it (`option (io.angzarr.v1.command)`): the state message of an aggregate,
    by full name, by its name in the same package, or by the name that its component option gives.
    """
    found = _Options(described)
    domains: dict[str, str] = {}
    issues: list[str] = []
    for command, owner in found.commands.items():
        candidates = found.owners(command, owner)
        if len(candidates) != 1:
            known = ", ".join(sorted(found.components)) or "none"
            what = f"more than one of {', '.join(candidates)}" if candidates else "nothing"
            issues.append(f"{command} belongs to component {owner!r}, which is {what}; components here: {known}")
        elif domain := found.components[candidates[0]].domain:
            domains[command] = domain
    return domains, issues


class _Options:
    """The options of all messages, read in a pool that knows the extensions as these files declare them."""

    def __init__(self, described: bytes) -> None:
        self.commands: dict[str, str] = {}
        self.components: dict[str, Any] = {}
        pool = DescriptorPool()
        for file in FileDescriptorSet.FromString(described).file:
            pool.AddSerializedFile(file.SerializeToString())
        try:
            command = pool.FindExtensionByName("io.angzarr.v1.command")
            component = pool.FindExtensionByName("io.angzarr.v1.component")
        except KeyError:
            return  # no file imports the options, so none uses them
        reader: Any = message_factory.GetMessageClass(pool.FindMessageTypeByName("google.protobuf.FileDescriptorSet"))
        for full_name, options in _messages(reader.FromString(described)):
            if options.HasExtension(command):
                self.commands[full_name] = options.Extensions[command].component
            if options.HasExtension(component):
                self.components[full_name] = options.Extensions[component]

    def owners(self, command: str, owner: str) -> list[str]:
        """Full names of the components that a command may mean, the closest meaning that gives any."""
        sibling = f"{command.rpartition('.')[0]}.{owner}"
        exact = [name for name in (owner, sibling) if name in self.components]
        return exact[:1] or sorted(
            full_name
            for full_name, component in self.components.items()
            if owner == (component.name or full_name.rpartition(".")[2])
        )


def _messages(described: Any) -> Iterator[tuple[str, Any]]:
    pending = [
        (f"{file.package}.{message.name}" if file.package else message.name, message)
        for file in described.file
        for message in file.message_type
    ]
    while pending:
        full_name, message = pending.pop()
        yield full_name, message.options
        pending.extend((f"{full_name}.{nested.name}", nested) for nested in message.nested_type)
