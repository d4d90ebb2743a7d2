"""The only door to protobuf: the protocol's calls with their codecs, and the schemas behind them.

Everyone else sees frozen values (`angzarr_domain.books`) and bytes.
"""

from ._formats import Format
from ._methods import COMPENSATE, METHODS, NOTIFICATION, REJECTION_NOTIFICATION, Kind, Method, Methods
from ._pool import POOL, include_root

__all__ = [
    "COMPENSATE",
    "METHODS",
    "NOTIFICATION",
    "POOL",
    "REJECTION_NOTIFICATION",
    "Format",
    "Kind",
    "Method",
    "Methods",
    "include_root",
]
