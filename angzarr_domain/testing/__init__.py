"""The tester's kit: `given(...).when(...).then(...)` for aggregates, in this process, without a server.

Envelopes and identities for other tests are made in a few words by `make_event_book`, `uuid_for` and their like.
`angzarr_domain.testing.contracts` has suites for whoever writes a store, a transport or a coordinator.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._defaults import NOW, ROOT
    from ._differences import ANY, ANY_ID, ANY_TIME
    from ._envelopes import (
        ScenarioContext,
        make_command_book,
        make_command_page,
        make_cover,
        make_event_book,
        make_event_page,
        make_timestamp,
    )
    from ._failure import ScenarioFailed
    from ._givens import given, given_recorded
    from ._identities import DEFAULT_TEST_NAMESPACE, uuid_for, uuid_obj_for, uuid_str_for
    from ._invariants import Invariant
    from ._looking import ScenarioUnfinished
    from ._scenario import Given, Outcome
else:
    # On first use: pytest loads the plugin in every run, whether or not it tests an aggregate.
    _LAZY = {
        "ANY": "_differences",
        "ANY_ID": "_differences",
        "ANY_TIME": "_differences",
        "DEFAULT_TEST_NAMESPACE": "_identities",
        "Given": "_scenario",
        "Invariant": "_invariants",
        "NOW": "_defaults",
        "Outcome": "_scenario",
        "ROOT": "_defaults",
        "ScenarioContext": "_envelopes",
        "ScenarioFailed": "_failure",
        "ScenarioUnfinished": "_looking",
        "given": "_givens",
        "given_recorded": "_givens",
        "make_command_book": "_envelopes",
        "make_command_page": "_envelopes",
        "make_cover": "_envelopes",
        "make_event_book": "_envelopes",
        "make_event_page": "_envelopes",
        "make_timestamp": "_envelopes",
        "uuid_for": "_identities",
        "uuid_obj_for": "_identities",
        "uuid_str_for": "_identities",
    }

    def __getattr__(name: str) -> object:
        module = _LAZY.get(name)
        if module is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name)
        from importlib import import_module

        value = getattr(import_module(f"{__name__}.{module}"), name)
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})


__all__ = [
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
]
