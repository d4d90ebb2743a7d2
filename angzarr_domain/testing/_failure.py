from __future__ import annotations


class ScenarioFailed(AssertionError):
    """A given/when/then that does not hold. Its text says what differs, why probably, and how to see it again."""


# The name that users see and import, rather than where it happens to stand.
ScenarioFailed.__module__ = "angzarr_domain.testing"
