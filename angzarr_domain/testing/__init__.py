"""The tester's kit: `given(...).when(...).then(...)` for aggregates, in this process, without a server.

Envelopes and identities for other tests are made in a few words by `make_event_book`, `uuid_for` and their like.
`angzarr_domain.testing.contracts` has suites for whoever writes a store, a transport or a coordinator.
"""

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
