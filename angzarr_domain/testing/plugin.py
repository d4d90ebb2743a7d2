"""The pytest plugin: loaded by its entry point, and light, since pytest loads it in every run.

It says field by field where aggregates and events differ, names scenarios that expect nothing, gives isolated
coordinators, and checks recordings against today's classes. See docs/how-to/testing.md.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

pytest.register_assert_rewrite("angzarr_domain.testing.contracts")

if TYPE_CHECKING:
    from angzarr_domain.aggregates import Aggregate
    from angzarr_domain.client import DomainClient
    from angzarr_domain.embedded import Coordinator
    from angzarr_domain.repositories import Repository

    A = TypeVar("A", bound=Aggregate)


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options, and what is set in a project's pytest configuration."""
    group = parser.getgroup("angzarr")
    group.addoption(
        "--angzarr-golden-update",
        action="store_true",
        help="record the states of the recordings in angzarr_golden anew, as today's classes fold them",
    )
    parser.addini(
        "angzarr_components",
        "aggregate classes, as package.module:Name, for recordings and for the fixture angzarr_coordinator",
        type="linelist",
    )
    parser.addini(
        "angzarr_golden", "recordings to check, as patterns relative to the root of the project", type="linelist"
    )


def pytest_configure(config: pytest.Config) -> None:
    """The marker."""
    config.addinivalue_line(
        "markers",
        "angzarr(components=[...], file=False): the aggregates that angzarr_coordinator serves in this test; with "
        "file=True, its events are in a file below tmp_path",
    )


def pytest_assertrepr_compare(op: str, left: object, right: object) -> list[str] | None:
    """Where two aggregates, two events, or rows of events differ."""
    if op != "==":
        return None
    from ._explaining import explained

    return explained(left, right)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Recordings are tests."""
    patterns = parent.config.getini("angzarr_golden")
    if not patterns:
        return None
    root = parent.config.rootpath
    if not file_path.is_relative_to(root) or not any(file_path.relative_to(root).match(each) for each in patterns):
        return None
    from ._golden import GoldenFile

    return GoldenFile.of(parent, file_path)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Warn of a scenario that ends in `.when(...)`, if the test did not fail anyhow."""
    from ._looking import ScenarioUnfinished, watching

    with watching() as unseen:
        result = yield
    for outcome in unseen.values():
        location = item.reportinfo()
        text = (
            f"this scenario expects nothing: {outcome!r}. End it with .then(...), .then_nothing(), .rejects(...) or "
            ".then_state(...), so that it fails when that changes"
        )
        warnings.warn_explicit(f"{item.nodeid}: {text}", ScenarioUnfinished, str(location[0]), (location[1] or 0) + 1)
    return result


@pytest.fixture
def angzarr_components(request: pytest.FixtureRequest) -> tuple[type[Aggregate], ...]:
    """The aggregates that `angzarr_coordinator` serves: those of the marker, or else of the configuration.

    Override it to say otherwise for a module or a folder.
    """
    from ._components import components_of

    marker = request.node.get_closest_marker("angzarr")
    named = () if marker is None else tuple(marker.kwargs.get("components", ()))
    return named or components_of(request.config)


@pytest.fixture
def angzarr_coordinator(
    request: pytest.FixtureRequest, angzarr_components: tuple[type[Aggregate], ...]
) -> Generator[Coordinator]:
    """A coordinator of this test's own, in this process: in memory, or in a file if the marker says so."""
    from angzarr_domain.embedded import Coordinator

    marker = request.node.get_closest_marker("angzarr")
    in_file = marker is not None and marker.kwargs.get("file", False)
    path: Path | None = request.getfixturevalue("tmp_path") / "angzarr.db" if in_file else None
    with Coordinator(angzarr_components, path) as coordinator:
        yield coordinator


@pytest.fixture
def angzarr_client(angzarr_coordinator: Coordinator) -> Generator[DomainClient]:
    """A client of `angzarr_coordinator`, without any socket."""
    with angzarr_coordinator.client() as client:
        yield client


@pytest.fixture
def angzarr_repository(angzarr_client: DomainClient) -> Callable[[type[A]], Repository[A]]:
    """Makes repositories on `angzarr_client`: `angzarr_repository(Account)`."""
    from angzarr_domain.repositories import Repository

    def repository(aggregate: type[Any]) -> Repository[Any]:
        return Repository(aggregate, angzarr_client)

    return repository
