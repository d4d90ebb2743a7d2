"""What is found in a declaration, with codes that do not change."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from angzarr_domain.exceptions import Finding, Issue

__all__ = ["RULES", "Finding", "warned", "wrong"]

#: What each code stands for. A code is never given to another rule; docs/reference/declaration.md explains each.
RULES: Final = MappingProxyType(
    {
        "AGG101": "the domain is missing or no name of a domain",
        "AGG102": "@aggregate decorates something that is no class",
        "AGG103": "the class does not inherit from Aggregate",
        "AGG104": "another decorator makes fields of the class, too",
        "AGG105": "a base of the class has no slots",
        "AGG106": "attrs cannot make a class of it, or the class cannot be guarded",
        "AGG107": "the defaults do not make a fresh aggregate",
        "AGG108": "a field cannot be set",
        "AGG109": "an option of @aggregate is of no meaning",
        "AGG110": "ignores and appliers contradict each other",
        "AGG111": "an alias leads nowhere, or says what is known",
        "AGG121": "a field has no default",
        "AGG122": "a default is shared by all aggregates and can be changed",
        "AGG123": "a field has no annotation",
        "AGG124": "a field is named like a method",
        "AGG125": "a field or method is named like a fact that every aggregate has",
        "AGG126": "a field begins with an underscore",
        "AGG127": "no snapshot can hold a field, and snapshots are asked for",
        "AGG201": "a marked method is async",
        "AGG202": "a method yields that must not",
        "AGG203": "a method takes the wrong parameters",
        "AGG204": "a message is not annotated",
        "AGG205": "an annotation names no single message class, or another one than the mark",
        "AGG206": "an annotation cannot be read at run time",
        "AGG207": "a handler is annotated to return what is no event",
        "AGG208": "an applier is annotated to return events",
        "AGG209": "two methods do the same for one message",
        "AGG210": "an override has lost the mark of the method it overrides",
        "AGG211": "a mark is on something it cannot mark",
        "AGG212": "a method has two marks",
        "AGG213": "a fact handler is not annotated to return its fact",
        "AGG214": "a compensator names no domain that could be one",
        "AGG215": "a refusal is answered both for one domain and for any",
        "AGG216": "two classes stand for one message",
        "AGG301": "an event is emitted and never applied",
        "AGG302": "an event is emitted that an upcast replaces",
        "AGG303": "a chain of upcasts leads nowhere, or in a circle",
        "AGG304": "an old event is upcast, and applied or ignored as it is",
        "AGG305": "an upcast does not say what the old event becomes",
        "AGG306": "an upcast gives the event it takes",
        "AGG401": "no snapshot could hold a field",
        "AGG402": "an event is applied and never emitted",
        "AGG403": "the answer of a handler is not annotated",
        "AGG404": "the answer of a handler is annotated too widely",
        "AGG405": "an applier asks a clock or draws at random",
        "AGG406": "a handler changes the state",
        "AGG407": "an applier reads a fact that is not known while events are folded",
    }
)


def wrong(code: str, text: str, subject: str = "") -> Issue:
    """What keeps a class from being declared; without a subject it is about the class itself."""
    return Issue(code, text, subject)


def warned(code: str, subject: str, text: str) -> Finding:
    """What an accepted declaration is worth a look for."""
    return Finding(code, "warning", subject, f"{subject}: {text}")
