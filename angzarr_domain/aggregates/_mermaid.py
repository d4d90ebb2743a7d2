"""A catalogue as a flowchart in Mermaid's language."""

from __future__ import annotations

from collections.abc import Iterator

from ._catalogue import Catalogue, MethodEntry


def flowchart(catalogue: Catalogue) -> str:
    """Commands and facts to the left, the events they lead to, and the state; rejections dotted."""
    return "\n".join(_Chart(catalogue).lines()) + "\n"


class _Chart:
    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._events = {event.message.type_name: f"e{index}" for index, event in enumerate(catalogue.events)}
        self._refusals: dict[str, str] = {}

    def lines(self) -> Iterator[str]:
        """The whole chart."""
        it = self._catalogue
        yield "flowchart LR"
        deciding = {"c": it.commands, "f": it.facts, "r": it.compensations, "u": it.undos}
        titles = {"c": "{}", "f": "fact {}", "r": "refused: {}", "u": "undo {}"}
        for letter, entries in deciding.items():
            for index, entry in enumerate(entries):
                yield from self._decides(f"{letter}{index}", titles[letter].format(entry.message.name), entry)
        for event in it.events:
            node = self._events[event.message.type_name]
            yield f"    {node}([{_quoted(event.message.name)}])"
            if event.applier:
                yield f"    {node} --> state"
        for index, upcast in enumerate(it.upcasts):
            yield f"    o{index}([{_quoted(f'old {upcast.message.name}')}])"
            yield from (
                f"    o{index} -- upcast --> {self._events[name]}" for name in upcast.into if name in self._events
            )
        state = [it.name, *(f"{field.name}: {field.type}" for field in it.fields)]
        yield f"    state[({_quoted('<br/>'.join(state))})]"

    def _decides(self, node: str, title: str, entry: MethodEntry) -> Iterator[str]:
        yield f"    {node}[{_quoted(title)}]"
        for name in entry.emits or ():
            if name in self._events:
                yield f"    {node} --> {self._events[name]}"
        if entry.emits is None:
            yield f"    {node} -- emits --> {node}x([{_quoted('unknown')}])"
        codes = [*entry.rejections.codes, *([] if entry.rejections.complete else ["others"])]
        for code in codes:
            known = code in self._refusals
            refusal = self._refusals.setdefault(code, f"x{len(self._refusals)}")
            yield f"    {node} -.-> {refusal}" + ("" if known else "{{" + _quoted(code) + "}}")


def _quoted(text: str) -> str:
    # Entities are how Mermaid writes what its own syntax is made of.
    return '"' + text.replace("#", "#35;").replace('"', "#quot;").replace("[", "#91;").replace("]", "#93;") + '"'
