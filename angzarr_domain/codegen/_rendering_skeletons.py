"""From the model of a skeleton to its source. It declares, and refuses every command until its author goes on."""

from __future__ import annotations

import json
from collections.abc import Iterator

from ._docs import docstring
from ._import_lines import WIDTH, Place, import_lines, one_each
from ._model import Skeleton, SkeletonMethod


def render_skeleton(skeleton: Skeleton, place: Place) -> str:
    """The module's source."""
    return "\n".join([*_head(skeleton, place), "", "", *_class(skeleton)]) + "\n"


def _head(skeleton: Skeleton, place: Place) -> Iterator[str]:
    yield f'"""The aggregate of domain `{skeleton.domain}`."""'
    yield "\nfrom __future__ import annotations\n"
    if any(len(method.emits) > 1 for method in skeleton.methods):
        yield "from collections.abc import Iterable\n"
    marks = {method.mark for method in skeleton.methods}
    classes = {"compensates": "Escalation Refused", "undoes": "Undo"}
    names = ["Aggregate", "Rejected", *(name for mark in marks for name in classes.get(mark, "").split())]
    words = [*sorted(names), *sorted({"aggregate", *marks})]
    line = f"from angzarr_domain import {', '.join(words)}"
    yield line if len(line) <= WIDTH else f"from angzarr_domain import (\n{one_each(words, '    ')})"
    yield from import_lines(skeleton.imports, place)


def _class(skeleton: Skeleton) -> Iterator[str]:
    yield f"@aggregate(domain={json.dumps(skeleton.domain)})"
    yield f"class {skeleton.name}(Aggregate):"
    doc = skeleton.doc or f"Decides the commands of domain `{skeleton.domain}`."
    yield from docstring(doc, [], indent="    ")
    yield ""
    yield "    # The state: fields that have a default, such as `balance: int = 0`."
    for method in skeleton.methods:
        yield ""
        yield from _METHODS[method.mark](method)


def _handles(method: SkeletonMethod) -> Iterator[str]:
    events = " | ".join(method.emits) or "None"
    answer = f"Iterable[{events}]" if len(method.emits) > 1 else events
    yield "    @handles"
    yield from _signature(f"{method.name}(self, command: {method.message})", answer)
    yield from docstring(method.doc or f"Decide {method.message}.", [], indent="        ")
    # Names the command, so that linters do not find it unused.
    yield '        raise Rejected("NOT_IMPLEMENTED", f"{type(command).__name__} is not coded yet")'


def _accepts(method: SkeletonMethod) -> Iterator[str]:
    yield "    @accepts"
    yield from _signature(f"{method.name}(self, fact: {method.message})", method.message)
    yield f'        """Record {method.message}, which happened elsewhere."""'
    yield "        return fact"


def _compensates(method: SkeletonMethod) -> Iterator[str]:
    domain = f", domain={json.dumps(method.domain)}" if method.domain else ""
    yield f"    @compensates({method.message}{domain})"
    yield from _signature(f"{method.name}(self, refused: Refused[{method.message}])", "Escalation")
    yield f'        """Make up for a refused {method.message}; until then, ask for help."""'
    yield '        return Escalation(f"not compensated yet: {refused.code}")'


def _undoes(method: SkeletonMethod) -> Iterator[str]:
    yield f"    @undoes({method.message})"
    yield from _signature(f"{method.name}(self, undo: Undo[{method.message}])", "None")
    yield f'        """Make up for what {method.message} led to."""'
    yield '        raise Rejected("NOT_IMPLEMENTED", f"no {undo.command.__name__} is undone yet")'


def _applies(method: SkeletonMethod) -> Iterator[str]:
    yield "    @applies"
    yield from _signature(f"{method.name}(self, event: {method.message})", "None")
    yield from docstring(method.doc or f"Change the state by {method.message}.", [], indent="        ")


def _signature(head: str, answer: str) -> Iterator[str]:
    line = f"    def {head} -> {answer}:"
    if len(line) <= WIDTH:
        yield line
        return
    name, _, parameters = head.removesuffix(")").partition("(")
    yield f"    def {name}("
    yield from (f"        {parameter}," for parameter in parameters.split(", "))
    yield f"    ) -> {answer}:"


_METHODS = {
    "handles": _handles,
    "accepts": _accepts,
    "compensates": _compensates,
    "undoes": _undoes,
    "applies": _applies,
}
