"""The class of commands for each owner of a .proto's commands; every issue is collected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from keyword import iskeyword
from typing import Final

from ._imports import ClassNames
from ._model import Command, CommandsClass, CommandsModule, MessageClass, Module
from ._naming import command_method, commands_path, duplicates
from ._options import Bound, Owner

#: What modules of commands use at module level, besides what no class of messages is called anyway.
_VOCABULARY: Final = (
    "AsyncCommandBuilder",
    "AsyncDomainClient",
    "AsyncReadyCommand",
    "CommandBuilder",
    "DomainClient",
    "NO_ENTRIES",
    "ReadyCommand",
    "TYPE_CHECKING",
)


def commands_module(
    module: Module, names: ClassNames, bound: Mapping[str, Bound], issues: list[str]
) -> CommandsModule | None:
    """The module of the commands that a .proto declares; None if it declares none.

    Args:
        module: Its messages.
        names: What that module calls them.
        bound: Who takes each command.
        issues: What keeps it from being written is added here.

    """
    messages = [message for message in module.messages if message.full_name in bound]
    if not messages:
        return None
    owners: dict[Owner, list[MessageClass]] = {}
    for message in messages:
        owners.setdefault(bound[message.full_name].owner, []).append(message)
    made = {message.full_name for message in messages}
    imports = names.imports_for([placed for placed in names.own if placed.full_name in made])
    taken = [imported.alias for imported in imports]
    classes = tuple(
        CommandsClass(owner.class_name, owner.domain, _methods(owner, owned, taken, issues))
        for owner, owned in owners.items()
    )
    issues += _name_issues(module, list(owners), taken)
    return CommandsModule(module.source, module.package, commands_path(module.source), tuple(imports), classes)


def _methods(
    owner: Owner, messages: Sequence[MessageClass], taken: Sequence[str], issues: list[str]
) -> tuple[Command, ...]:
    commands = tuple(Command(command_method(message.name, taken), message) for message in messages)
    for name in duplicates(command.method for command in commands):
        both = " and ".join(command.message.full_name for command in commands if command.method == name)
        issues.append(
            f"{both} would both be the method {name} of {owner.class_name}Commands: "
            "rename one, or generate messages only"
        )
    return commands


def _name_issues(module: Module, owners: Sequence[Owner], taken: Sequence[str]) -> list[str]:
    issues = [
        f"{module.source}: {owner.name!r} is no name for a class: give component {owner.anchor} another name"
        for owner in owners
        if not owner.class_name.isidentifier() or iskeyword(owner.class_name)
    ]
    own = [f"{prefix}{owner.class_name}Commands" for owner in owners for prefix in ("", "Async")]
    issues += [
        f"{module.source}: {' and '.join(_named(owners, name))} would both have the class {name}"
        for name in duplicates(own)
    ]
    issues += [
        f"{module.source}: a message called {name} hides what {commands_path(module.source)} needs: "
        "rename it, or generate messages only"
        for name in sorted({*taken} & {*own, *_VOCABULARY})
    ]
    return issues


def _named(owners: Sequence[Owner], name: str) -> list[str]:
    return [
        owner.anchor or f"domain {owner.domain}"
        for owner in owners
        if name in {f"{owner.class_name}Commands", f"Async{owner.class_name}Commands"}
    ]
