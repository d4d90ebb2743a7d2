"""The public names, pinned: gaining or losing one is a decision, not an accident."""

from __future__ import annotations

import importlib
import inspect
from typing import Any

import pytest

import angzarr_domain

ROOT = [
    "Aggregate",
    "AggregateClient",
    "AngzarrError",
    "AsyncAggregateClient",
    "AsyncDomainClient",
    "AsyncQueryClient",
    "AsyncRepository",
    "AsyncSpeculativeClient",
    "Context",
    "DomainClient",
    "Escalation",
    "QueryClient",
    "Refused",
    "Rejected",
    "Repository",
    "SpeculativeClient",
    "Undo",
    "accepts",
    "aggregate",
    "applies",
    "compensates",
    "describe",
    "handles",
    "undoes",
    "upcasts",
]
NAMES: dict[str, list[str]] = {
    "angzarr_domain": ROOT,
    "angzarr_domain.embedded": ["Coordinator", "DeferredKey", "EventFile", "EventStore", "HeadMoved", "Stream"],
    "angzarr_domain.histories": [
        "FORMAT_VERSION",
        "Difference",
        "Exported",
        "Finding",
        "Header",
        "Imported",
        "RecordedPage",
        "RecordedState",
        "RecordedStream",
        "Recording",
        "ReplayReport",
        "Restores",
        "Verdict",
        "check_file",
        "export_history",
        "export_lines",
        "import_history",
        "open_recording",
        "record_states",
        "replay_check",
    ],
    "angzarr_domain.hosting": [
        "AcceptsFacts",
        "AggregateLogic",
        "BusinessLogic",
        "CommandCall",
        "FactCall",
        "History",
        "Host",
        "RemoteLogic",
        "ServerTls",
        "Serving",
    ],
    "angzarr_domain.messages": [
        "NO_ENTRIES",
        "FieldSchema",
        "FrozenMap",
        "OpenEnum",
        "Shape",
        "frozen",
        "proto",
        "proto_map",
        "schema_of",
    ],
    "angzarr_domain.repositories": [
        "DEFAULT_ATTEMPTS",
        "AsyncHistory",
        "AsyncRepository",
        "Change",
        "Executed",
        "History",
        "HistoryStep",
        "Preview",
        "Repository",
        "SnapshotCheck",
    ],
    "angzarr_domain.testing": [
        "ANY",
        "ANY_ID",
        "ANY_TIME",
        "DEFAULT_TEST_NAMESPACE",
        "NOW",
        "ROOT",
        "Given",
        "Invariant",
        "Outcome",
        "ScenarioContext",
        "ScenarioFailed",
        "ScenarioUnfinished",
        "given",
        "given_recorded",
        "make_command_book",
        "make_command_page",
        "make_cover",
        "make_event_book",
        "make_event_page",
        "make_timestamp",
        "uuid_for",
        "uuid_obj_for",
        "uuid_str_for",
    ],
    "angzarr_domain.testing.models": [
        "Coverage",
        "Explored",
        "ModelFailed",
        "NotExplored",
        "Tried",
        "check_aggregate",
        "command",
        "commands",
        "explore",
    ],
}
ROOMS = [
    *NAMES,
    "angzarr_domain.aggregates",
    "angzarr_domain.books",
    "angzarr_domain.client",
    "angzarr_domain.codegen",
    "angzarr_domain.exceptions",
    "angzarr_domain.testing.contracts",
    "angzarr_domain.wire",
]


@pytest.mark.parametrize("room", NAMES)
def test_the_names_are_these(room: str) -> None:
    """What a user may import is written down here, too."""
    assert importlib.import_module(room).__all__ == NAMES[room]


def test_the_root_is_small() -> None:
    """At most 25 names, so that completion shows what matters."""
    assert len(angzarr_domain.__all__) <= 25


@pytest.mark.parametrize("room", ROOMS)
def test_every_name_is_there_once(room: str) -> None:
    """What a room lists can be imported from it, the lazy names of the root included."""
    module: Any = importlib.import_module(room)

    assert len(set(module.__all__)) == len(module.__all__)
    assert [name for name in module.__all__ if not hasattr(module, name)] == []


@pytest.mark.parametrize("room", ROOMS)
def test_every_class_and_function_says_what_it_is_for(room: str) -> None:
    """A docstring for every public one, and for the room."""
    module: Any = importlib.import_module(room)
    public = [getattr(module, name) for name in module.__all__]

    assert module.__doc__
    assert [each for each in public if (inspect.isclass(each) or inspect.isfunction(each)) and not each.__doc__] == []


def test_a_misspelt_name_is_an_attribute_error() -> None:
    """As of any module."""
    with pytest.raises(AttributeError, match="module 'angzarr_domain' has no attribute 'Repozitory'"):
        getattr(angzarr_domain, "Repozitory")  # noqa: B009 - type checkers refuse it otherwise


def test_the_lazy_names_are_those_of_their_rooms() -> None:
    """The very same classes, whichever way they are imported."""
    from angzarr_domain import DomainClient, Repository
    from angzarr_domain.client import DomainClient as OfClient
    from angzarr_domain.repositories import Repository as OfRepositories

    assert (DomainClient, Repository) == (OfClient, OfRepositories)


def test_the_testers_names_are_not_at_the_root() -> None:
    """What tests are made of cannot be imported from the root, by accident or completion (C-0099)."""
    from angzarr_domain import testing

    assert [name for name in testing.__all__ if hasattr(angzarr_domain, name)] == []


def test_dir_lists_the_lazy_names() -> None:
    """So that completion offers them before their first use."""
    assert set(ROOT) <= set(dir(angzarr_domain))
