"""From the model of a module of commands to its source, laid out as in `_rendering`."""

from __future__ import annotations

import json
from collections.abc import Iterator

from ._docs import GENERATED, docstring
from ._import_lines import WIDTH, Place, import_lines, one_each
from ._model import Command, CommandsClass, CommandsModule, Field

_CLIENT_DOC = "What sends them."
_ROOT_DOC = "The aggregate; without one each command goes to a new one, which its result names."


def render_commands(module: CommandsModule, *, relative: bool) -> str:
    """The module's source.

    Args:
        module: What to write.
        relative: Import other generated modules relatively: the output folder is a package.

    """
    blocks = ["\n".join(_head(module, relative=relative))]
    for commands in module.classes:
        blocks += ["\n".join(_class(commands, twin)) for twin in ("", "Async")]
    return "\n\n\n".join(blocks) + "\n"


def _head(module: CommandsModule, *, relative: bool) -> Iterator[str]:
    package = f" (package {module.package})" if module.package else ""
    yield from docstring(f"Commands of {module.source}{package}, ready to send.", [GENERATED], indent="")
    yield "\nfrom __future__ import annotations\n"
    fields = [field for commands in module.classes for command in commands.commands for field in command.message.fields]
    if any("dt." in field.annotation for field in fields):
        yield "import datetime as dt"
    yield "import uuid"
    if any(field.annotation.startswith("Mapping[") for field in fields):
        yield "from collections.abc import Mapping"
    yield "from typing import TYPE_CHECKING\n"
    constants = "NO_ENTRIES, " if any(field.default == "NO_ENTRIES" for field in fields) else ""
    yield f"from angzarr_domain.messages import {constants}frozen"
    yield from import_lines(module.imports, Place(module.path.parent.parts, relative=relative))
    # Clients load grpc, which nobody needs who only imports this.
    yield "\nif TYPE_CHECKING:"
    yield "    from angzarr_domain import AsyncDomainClient, DomainClient"
    names = ("AsyncCommandBuilder", "AsyncReadyCommand", "CommandBuilder", "ReadyCommand")
    yield f"    from angzarr_domain.client import (\n{one_each(names, ' ' * 8)}    )"


def _class(commands: CommandsClass, twin: str) -> Iterator[str]:
    name = f"{commands.owner}Commands"
    summary = f"Commands of domain `{commands.domain}`, each ready to send."
    yield "@frozen"
    yield f"class {twin}{name}:"
    yield from docstring(
        f"Same as `{name}`, for commands that are awaited." if twin else summary,
        [],
        indent="    ",
        attributes=[("client", _CLIENT_DOC), ("root", _ROOT_DOC)],
    )
    yield f"\n    client: {twin}DomainClient"
    yield "    root: uuid.UUID | str | None = None"
    for command in commands.commands:
        yield ""
        yield from _method(command, twin)
    yield f"\n    def _address(self) -> {twin}CommandBuilder:"
    yield f"        return self.client.command({json.dumps(commands.domain)}, self.root)"


def _method(command: Command, twin: str) -> Iterator[str]:
    fields = command.message.fields
    parameters = [f"{field.name}: {field.annotation} = {field.default}" for field in fields]
    head, answer = f"    def {command.method}(", f") -> {twin}ReadyCommand:"
    line = head + ", ".join(["self", *(["*", *parameters] if parameters else [])]) + answer
    yield line if len(line) <= WIDTH else f"{head}\n{one_each(['self', '*', *parameters], ' ' * 8)}    {answer}"
    documented = [(field.name, field.doc) for field in fields if field.doc.strip()]
    doc = command.message.doc or f"Command {command.message.full_name}."
    yield from docstring(doc, [], indent="        ", attributes=documented, heading="Args")
    yield from _body(command.message.name, fields)


def _body(message: str, fields: tuple[Field, ...]) -> Iterator[str]:
    given = [f"{field.name}={field.name}" for field in fields]
    line = f"        return self._address().with_command({message}({', '.join(given)}))"
    if len(line) <= WIDTH:
        yield line
    else:
        made = f"            {message}(\n{one_each(given, ' ' * 16)}            )"
        yield f"        return self._address().with_command(\n{made}\n        )"
