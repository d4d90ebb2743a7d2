"""Model checking: sequences of commands that nobody thought of, tried on an aggregate in this process.

Needs Hypothesis: `pip install angzarr-domain[model]`.
"""

from ._checking import check_aggregate, commands
from ._command import command
from ._coverage import Coverage, Tried
from ._exploring import Explored, explore
from ._failure import ModelFailed, NotExplored

__all__ = [
    "Coverage",
    "Explored",
    "ModelFailed",
    "NotExplored",
    "Tried",
    "check_aggregate",
    "command",
    "commands",
    "explore",
]
