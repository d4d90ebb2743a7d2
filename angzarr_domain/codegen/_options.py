"""Which commands belong to which domain: from the options in the .proto files, and from what was said by hand."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

import attrs
from google.protobuf import message_factory
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool

from angzarr_domain.books import check_domain
from angzarr_domain.exceptions import InvalidArgument

from ._naming import owner_class
from ._types import is_foreign


@attrs.frozen
class Owner:
    """What takes commands: a component, or a domain that was named by hand.

    Attributes:
        name: As its option says, else the name of its state message, or the domain.
        domain: "" for a component that does not say.
        anchor: Full name of the component's state message; "" for a domain named by hand.
        is_aggregate: Not so for a process manager.
        facts: The events it accepts as facts, as its option names them.
        compensates: The commands whose refusal it answers, alone or after `domain:`.
        undoes: The commands it undoes.

    """

    name: str
    domain: str
    anchor: str = ""
    is_aggregate: bool = True
    facts: tuple[str, ...] = ()
    compensates: tuple[str, ...] = ()
    undoes: tuple[str, ...] = ()

    @property
    def class_name(self) -> str:
        """What classes made for it are named after; no identifier if its name cannot become one."""
        return owner_class(self.name)


@attrs.frozen
class Bound:
    """A command and who takes it.

    Attributes:
        emits: The events it may lead to, as its option names them.

    """

    owner: Owner
    emits: tuple[str, ...] = ()


def bound_commands(
    described: bytes, sources: Collection[str], by_hand: Mapping[str, Iterable[str]]
) -> tuple[dict[str, Bound], list[str]]:
    """Who takes each command, by the command's full name, and the issues found.

    A command names the component that owns it (`option (io.angzarr.v1.command)`): the state message of an aggregate,
    by full name, by its name in the same package, or by the name that its component option gives.

    Args:
        described: The FileDescriptorSet.
        sources: Names of the .proto files that are generated.
        by_hand: Commands whose .proto does not say, by domain; each by full name, or by a name that only one has.

    """
    found = _Options(described, sources)
    bound: dict[str, Bound] = {}
    issues: list[str] = []
    for command, (component, emits) in found.commands.items():
        candidates = found.owners(command, component)
        if len(candidates) != 1:
            known = ", ".join(sorted(found.components)) or "none"
            what = f"more than one of {', '.join(candidates)}" if candidates else "nothing"
            issues.append(f"{command} belongs to component {component!r}, which is {what}; components here: {known}")
        elif (owner := found.components[candidates[0]]).domain:
            bound[command] = Bound(owner, emits)
    for domain, names in by_hand.items():
        issues += _domain_issues(domain)
        for name in names:
            _bind(found, bound, issues, domain, name)
    return bound, issues


def _domain_issues(domain: str) -> list[str]:
    try:
        check_domain(domain)
    except InvalidArgument as refused:
        return [str(refused)]
    return []


def _bind(found: _Options, bound: dict[str, Bound], issues: list[str], domain: str, name: str) -> None:
    commands = [full_name for full_name in found.messages if name in {full_name, full_name.rpartition(".")[2]}]
    if len(commands) != 1:
        candidates = ", ".join(sorted(commands))
        what = f"more than one of {candidates}: give its full name" if commands else "no message of these files"
        issues.append(f"command {name} of domain {domain} is {what}")
        return
    [command] = commands
    before = bound.get(command)
    if before is None:
        bound[command] = Bound(found.owner_of(domain))
    elif before.owner.domain != domain:
        issues.append(f"{command} belongs to domain {before.owner.domain}, not to {domain}")


class _Options:
    """The options of all messages, read in a pool that knows the extensions as these files declare them."""

    def __init__(self, described: bytes, sources: Collection[str]) -> None:
        files = FileDescriptorSet.FromString(described)
        own = FileDescriptorSet(file=[file for file in files.file if file.name in sources])
        self.messages = [full_name for full_name, options in _messages(own) if not options.map_entry]
        self.commands: dict[str, tuple[str, tuple[str, ...]]] = {}
        self.components: dict[str, Owner] = {}
        pool = DescriptorPool()
        for file in files.file:
            pool.AddSerializedFile(file.SerializeToString())
        try:
            command = pool.FindExtensionByName("io.angzarr.v1.command")
            component = pool.FindExtensionByName("io.angzarr.v1.component")
        except KeyError:
            return  # no file imports the options, so none uses them
        reader: Any = message_factory.GetMessageClass(pool.FindMessageTypeByName("google.protobuf.FileDescriptorSet"))
        for full_name, options in _messages(reader.FromString(described)):
            if options.HasExtension(command):
                said = options.Extensions[command]
                self.commands[full_name] = said.component, tuple(said.emits)
            if options.HasExtension(component):
                self.components[full_name] = _component(full_name, options.Extensions[component])

    def owners(self, command: str, owner: str) -> list[str]:
        """Full names of the components that a command may mean, the closest meaning that gives any."""
        sibling = f"{command.rpartition('.')[0]}.{owner}"
        exact = [name for name in (owner, sibling) if name in self.components]
        return exact[:1] or sorted(
            full_name for full_name, component in self.components.items() if owner == component.name
        )

    def owner_of(self, domain: str) -> Owner:
        """The only component of a domain, or else one that is named after the domain."""
        owners = [component for component in self.components.values() if component.domain == domain]
        return owners[0] if len(owners) == 1 else Owner(domain, domain)


def _component(full_name: str, options: Any) -> Owner:
    kinds = options.DESCRIPTOR.fields_by_name["kind"].enum_type.values_by_number
    others = {"COMPONENT_KIND_SAGA", "COMPONENT_KIND_PROCESS_MANAGER", "COMPONENT_KIND_PROJECTOR"}
    is_aggregate = options.kind not in kinds or kinds[options.kind].name not in others
    return Owner(
        options.name or full_name.rpartition(".")[2],
        options.domain,
        full_name,
        is_aggregate,
        facts=tuple(options.facts),
        compensates=tuple(options.compensates),
        undoes=tuple(options.undoes),
    )


def _messages(described: Any) -> Iterator[tuple[str, Any]]:
    pending = [
        (f"{file.package}.{message.name}" if file.package else message.name, message)
        for file in described.file
        if not is_foreign(file.name)
        for message in file.message_type
    ]
    while pending:
        full_name, message = pending.pop()
        yield full_name, message.options
        pending.extend((f"{full_name}.{nested.name}", nested) for nested in message.nested_type)
