"""From the model of a module to its source.

The layout is what `ruff format` leaves alone at any line length from 88 on.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from ._docs import GENERATED, comment_lines, docstring, one_line
from ._import_lines import WIDTH, Place, import_lines, one_each
from ._model import Enumeration, Field, MessageClass, Module


def render(module: Module, *, relative: bool) -> str:
    """The module's source.

    Args:
        module: What to write.
        relative: Import other generated modules relatively: the output folder is a package.

    """
    blocks = ["\n".join(_head(module, relative=relative))]
    blocks += ["\n".join(_enum(enum)) for enum in module.enums]
    blocks += ["\n".join(_message(message)) for message in module.messages]
    return "\n\n\n".join(blocks) + "\n"


def _head(module: Module, *, relative: bool) -> Iterator[str]:
    package = f" (package {module.package})" if module.package else ""
    yield from docstring(f"Messages of {module.source}{package}.", [GENERATED, module.doc], indent="")
    yield ""
    yield "from __future__ import annotations"
    yield from _library_imports(module)
    names = list(_vocabulary(module))
    if names:
        yield f"\nfrom angzarr_domain.messages import {', '.join(names)}"
    yield from import_lines(module.imports, Place(module.path.parent.parts, relative=relative))


def _library_imports(module: Module) -> Iterator[str]:
    annotations = [field.annotation for message in module.messages for field in message.fields]
    modules = {"dt.": "import datetime as dt", "uuid.": "import uuid"}
    lines = [line for prefix, line in modules.items() if any(prefix in text for text in annotations)]
    if any(text.startswith("Mapping[") for text in annotations):
        lines.append("from collections.abc import Mapping")
    if module.messages:
        lines.append("from typing import ClassVar")
    if lines:
        yield ""
        yield from lines


def _vocabulary(module: Module) -> Iterator[str]:
    functions = {field.function for message in module.messages for field in message.fields}
    if module.enums:
        yield "OpenEnum"
    if module.messages:
        yield "frozen"
    yield from sorted(functions)


def _enum(enum: Enumeration) -> Iterator[str]:
    yield f"class {enum.name}(OpenEnum):"
    yield from docstring(enum.doc or f"Enum {enum.full_name}.", [], indent="    ")
    yield ""
    first: dict[int, str] = {}
    for member in enum.members:
        value = first.setdefault(member.number, member.name)
        line = f"    {member.name} = {member.number if value == member.name else value}"
        comment = f"  # {one_line(member.doc)}" if member.doc.strip() else ""
        if len(line + comment) <= WIDTH:
            yield line + comment
        else:
            yield from comment_lines(member.doc, indent="    ")
            yield line


def _message(message: MessageClass) -> Iterator[str]:
    yield "@frozen(kw_only=True)"
    yield f"class {message.name}:"
    attributes = [(field.name, field.doc) for field in message.fields if field.doc.strip()]
    yield from docstring(message.doc or f"Message {message.full_name}.", [], indent="    ", attributes=attributes)
    yield ""
    yield f'    __protobuf_name__: ClassVar[str] = "{message.full_name}"'
    if message.domain is not None:
        yield f"    __angzarr_domain__: ClassVar[str] = {json.dumps(message.domain)}"
    if message.fields:
        yield ""
        yield from map(_field, message.fields)


def _field(field: Field) -> str:
    head = f"    {field.name}: {field.annotation} = {field.function}("
    line = f"{head}{', '.join(field.arguments)})"
    return line if len(line) <= WIDTH else f"{head}\n{one_each(field.arguments, '        ')}    )"
