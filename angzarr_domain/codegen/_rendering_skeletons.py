"""From the model of a skeleton to its source. It declares, and refuses every command until its author goes on."""

from __future__ import annotations

import json
from collections.abc import Iterator

from ._docs import docstring
from ._import_lines import WIDTH, Place, import_lines
from ._model import Skeleton, SkeletonMethod

#: Names the command, so that linters do not find it unused.
_REFUSAL = 'raise Rejected("NOT_IMPLEMENTED", f"{type(command).__name__} is not coded yet")'


def render_skeleton(skeleton: Skeleton, place: Place) -> str:
    """The module's source."""
    return "\n".join([*_head(skeleton, place), "", "", *_class(skeleton)]) + "\n"


def _head(skeleton: Skeleton, place: Place) -> Iterator[str]:
    yield f'"""The aggregate of domain `{skeleton.domain}`."""'
    yield "\nfrom __future__ import annotations\n"
    if any(len(handler.emits) > 1 for handler in skeleton.handlers):
        yield "from collections.abc import Iterable\n"
    names = ["Aggregate", "Rejected", "aggregate", *(["applies"] if skeleton.appliers else []), "handles"]
    yield f"from angzarr_domain import {', '.join(names)}"
    yield from import_lines(skeleton.imports, place)


def _class(skeleton: Skeleton) -> Iterator[str]:
    yield f"@aggregate(domain={json.dumps(skeleton.domain)})"
    yield f"class {skeleton.name}(Aggregate):"
    doc = skeleton.doc or f"Decides the commands of domain `{skeleton.domain}`."
    yield from docstring(doc, [], indent="    ")
    yield ""
    yield "    # The state: fields that have a default, such as `balance: int = 0`."
    for handler in skeleton.handlers:
        yield from _handler(handler)
    for applier in skeleton.appliers:
        yield "\n    @applies"
        yield from _signature(f"    def {applier.name}(self, event: {applier.message})", "None")
        yield from docstring(applier.doc or f"Change the state by {applier.message}.", [], indent="        ")


def _handler(handler: SkeletonMethod) -> Iterator[str]:
    yield "\n    @handles"
    events = " | ".join(handler.emits) or "None"
    answer = f"Iterable[{events}]" if len(handler.emits) > 1 else events
    yield from _signature(f"    def {handler.name}(self, command: {handler.message})", answer)
    yield from docstring(handler.doc or f"Decide {handler.message}.", [], indent="        ")
    yield f"        {_REFUSAL}"


def _signature(head: str, answer: str) -> Iterator[str]:
    line = f"{head} -> {answer}:"
    if len(line) <= WIDTH:
        yield line
        return
    name, _, parameters = head.partition("(")
    yield f"{name}("
    yield from (f"        {parameter}," for parameter in parameters.removesuffix(")").split(", "))
    yield f"    ) -> {answer}:"
