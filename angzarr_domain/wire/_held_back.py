"""Pages that have not happened: not committed (`no_commit`), or standing for such (NoOp).

Older generations know two-phase commits; values have no word for such pages, so that each message is rid of them
before it becomes one. A reader never sees them. A fold keeps their places and gives them no effect. Where they would
be recorded as if they had happened, or get lost, they are refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from angzarr_domain.exceptions import NotSupported

from ._dialects import Dialect

#: Does something about such pages among these.
Treatment = Callable[[Dialect, Any], None]
#: Treatments by the path of fields to a book, to many, or to pages; "" is the message itself.
Treatments = Mapping[str, Treatment]


def drop(dialect: Dialect, pages: Any) -> None:
    """Take them out."""
    held = [index for index, page in enumerate(pages) if _is_held_back(dialect, page)]
    for index in reversed(held):
        del pages[index]


def empty(dialect: Dialect, pages: Any) -> None:
    """Keep their sequences, but no events: for a fold."""
    for page in pages:
        if _is_held_back(dialect, page):
            page.ClearField("event")


def _refuse(why: str) -> Treatment:
    def refuse(dialect: Dialect, pages: Any) -> None:
        if any(_is_held_back(dialect, page) for page in pages):
            raise NotSupported(f"uncommitted events (no_commit, NoOp): {why}")

    return refuse


def _is_held_back(dialect: Dialect, page: Any) -> bool:
    return bool(page.no_commit) or str(page.event.type_url) == dialect.no_op


_no_fact: Final = _refuse("facts are recorded as what has happened, so send them once they have")
# Nobody here would ever commit them.
_no_answer: Final = _refuse("business logic answers with what has happened")

#: By the message's name: requests, and answers of coordinators.
_ANYWHERE: Final[Mapping[str, Treatments]] = MappingProxyType(
    {
        "EventBook": {"": drop},
        "CommandResponse": {"events": drop},
        "FactInjectionResponse": {"events": drop},
        "BusinessResponse": {"events": drop},
        "ContextualCommand": {"events": empty},
        "EventRequest": {"events": _no_fact},
        "FactRequest": {"facts": _no_fact, "prior_events": empty},
        "ReplayRequest": {"events": empty},
        "UpcastRequest": {"events": empty},
        "SpeculateProjectorRequest": {"events": drop},
        "SpeculateSagaRequest": {"request.source": drop},
        "SpeculatePmRequest": {"request.trigger": drop, "request.process_state": empty},
        "SagaResponse": {"events": drop},
        "ProcessManagerHandleResponse": {"process_events": drop, "facts": drop},
    }
)
#: By the method's place in the tables: answers that are folded, and answers of business logic.
_ANSWERS: Final[Mapping[str, Treatments]] = MappingProxyType(
    {
        "read_history": {"": empty},
        "read_pages": {"": empty},
        "handle": {"events": _no_answer},
        "handle_fact": {"": _no_answer},
        "upcast": {"events": _no_answer},
    }
)


def in_request(message: str) -> Treatments:
    """What becomes of them in a request of this name."""
    return _ANYWHERE.get(message, {})


def in_answer(message: str, method: str) -> Treatments:
    """What becomes of them in an answer of this name to this method, named as the tables do."""
    return _ANSWERS.get(method, _ANYWHERE.get(message, {}))


def treat(dialect: Dialect, message: Any, treatments: Treatments) -> None:
    """Do it.

    Raises:
        NotSupported: There are such pages where they are refused.

    """
    for path, treatment in treatments.items():
        for pages in _pages(message, [name for name in path.split(".") if name]):
            treatment(dialect, pages)


def _pages(found: Any, path: list[str]) -> Iterator[Any]:
    for index, name in enumerate(path):
        found = getattr(found, name)
        if hasattr(found, "add"):
            if found and "pages" not in found[0].DESCRIPTOR.fields_by_name:
                yield found  # pages themselves
                return
            for each in found:
                yield from _pages(each, path[index + 1 :])
            return
    yield found.pages
