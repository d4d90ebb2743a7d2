"""The tester's kit: `given(...).when(...).then(...)` for aggregates, in this process, without a server.

`angzarr_domain.testing.contracts` has suites for whoever writes a store, a transport or a coordinator.
"""

from ._defaults import NOW, ROOT
from ._differences import ANY
from ._failure import ScenarioFailed
from ._scenario import Given, Outcome, given

__all__ = ["ANY", "NOW", "ROOT", "Given", "Outcome", "ScenarioFailed", "given"]
