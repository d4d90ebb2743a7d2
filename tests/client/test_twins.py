"""The asynchronous side has the names of the blocking one, with the same parameters and defaults."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from typing import Any, get_overloads

import pytest

import angzarr_domain.client
import angzarr_domain.embedded
import angzarr_domain.repositories
from angzarr_domain.client._drafts import Draft
from angzarr_domain.client._making import BaseClient
from angzarr_domain.client._query_builder import QueryDraft

ROOMS = [angzarr_domain.client, angzarr_domain.repositories]
CLASSES: dict[str, type[Any]] = {
    name: found for room in ROOMS for name, found in vars(room).items() if inspect.isclass(found) and name[0] != "_"
}
PAIRS = {name: (CLASSES[name], CLASSES[f"Async{name}"]) for name in CLASSES if f"Async{name}" in CLASSES}

# What gives access to the other members, under names of its own.
PROTOCOLS = {
    "__call__": "__call__",
    "__iter__": "__aiter__",
    "__enter__": "__aenter__",
    "__exit__": "__aexit__",
}


def members(cls: type[Any]) -> set[str]:
    """Public names, and those of the protocols it follows, by their blocking names."""
    blocking = {awaited: name for name, awaited in PROTOCOLS.items()} | {name: name for name in PROTOCOLS}
    return {blocking.get(name, name) for name in dir(cls) if name[0] != "_" or name in blocking}


def methods() -> Iterator[Any]:
    for name, (blocking, awaited) in PAIRS.items():
        for member in sorted(members(blocking)):
            first = inspect.getattr_static(blocking, member)
            second = inspect.getattr_static(awaited, PROTOCOLS.get(member, member), None)
            if callable(getattr(blocking, member)) and first is not second:
                yield pytest.param(
                    getattr(blocking, member),
                    getattr(awaited, PROTOCOLS.get(member, member), None),
                    id=f"{name}.{member}",
                )


EVERY_METHOD = pytest.mark.parametrize(("blocking", "awaited"), [*methods()])


def blocking_words(annotation: object) -> str:
    """An annotation of the asynchronous side, in the words of the other."""
    text = str(annotation)
    text = text.replace("AsyncIterable[Q] | Iterable[Q]", "Iterable[Q]")
    text = text.replace("AsyncIterable[Query] | Iterable[Query]", "Iterable[Query]")
    text = text.replace("Callable[[], grpc.aio.Channel]", "grpc.Channel").replace("grpc.aio.Channel", "grpc.Channel")
    text = re.sub(r"AsyncGenerator\[(.+), None\]", r"Iterator[\1]", text)
    return text.replace("Async", "")


def shape(function: Callable[..., object]) -> list[tuple[str, Any, Any, str]]:
    parameters = inspect.signature(function).parameters.values()
    return [(each.name, each.kind, each.default, blocking_words(each.annotation)) for each in parameters]


def answer(function: Callable[..., object]) -> str:
    return str(inspect.signature(function).return_annotation)


def test_everything_that_calls_has_a_twin() -> None:
    """Clients, builders and repositories; and what they are built on."""
    calling = {name for name, found in CLASSES.items() if issubclass(found, (BaseClient, Draft, QueryDraft))}
    others = {"Connection", "GrpcTransport", "History", "Repository", "Transport"}

    assert {name for name in calling if not name.startswith("Async")} | others == PAIRS.keys()


@pytest.mark.parametrize(("blocking", "awaited"), [*PAIRS.values()], ids=PAIRS)
def test_the_names_are_the_same(blocking: type[Any], awaited: type[Any]) -> None:
    """Nothing is missing on either side."""
    assert members(awaited) == members(blocking)


@EVERY_METHOD
def test_the_parameters_are_the_same(blocking: Callable[..., object], awaited: Callable[..., object]) -> None:
    """Names, kinds, defaults, and types but for what is asynchronous by nature."""
    assert shape(awaited) == shape(blocking)


@EVERY_METHOD
def test_the_answers_are_the_same(blocking: Callable[..., object], awaited: Callable[..., object]) -> None:
    """Once awaited or iterated."""
    assert blocking_words(answer(awaited)).replace("AsyncIterator", "Iterator") == answer(blocking)


@EVERY_METHOD
def test_overloads_are_the_same(blocking: Callable[..., object], awaited: Callable[..., object]) -> None:
    """Each of them."""

    def overloads(function: Callable[..., object]) -> list[object]:
        found = get_overloads(getattr(function, "__func__", function))
        return [(shape(each), blocking_words(answer(each))) for each in found]

    assert overloads(awaited) == overloads(blocking)


@EVERY_METHOD
def test_what_waits_is_awaited(blocking: Callable[..., object], awaited: Callable[..., object]) -> None:
    """A coroutine function, or one that gives an async iterator; what waits for nothing is a plain function."""
    gives = answer(awaited)
    streams = gives.startswith(("AsyncGenerator", "AsyncIterator"))
    waits_for_nothing = inspect.ismethod(awaited) or gives.startswith("Async")

    assert inspect.iscoroutinefunction(awaited) is not (streams or waits_for_nothing)
    assert streams is answer(blocking).startswith("Iterator")


@EVERY_METHOD
def test_docstrings_point_to_the_other_side(blocking: Callable[..., object], awaited: Callable[..., object]) -> None:
    """What a method does is said once."""
    said = awaited.__doc__ or ""

    assert said.startswith("Same as") or awaited.__name__.startswith("__") or "Transport" in awaited.__qualname__


def test_setters_are_shared() -> None:
    """Builders of both kinds are the same drafts: a setter is one function, not two."""
    first, second = PAIRS["ReadyCommand"]
    shared = {name for name in members(first) if getattr(first, name) is getattr(second, name)}

    assert shared >= {"build", "with_command", "with_correlation_id", "with_merge_strategy", "with_sequence"}


def test_coordinators_make_both() -> None:
    """By the same parameters."""
    coordinator = angzarr_domain.embedded.Coordinator

    assert shape(coordinator.async_client) == shape(coordinator.client)
