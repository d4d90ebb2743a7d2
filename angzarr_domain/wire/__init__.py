"""The only door to protobuf: the protocol's calls with their codecs, and the schemas behind them.

Everyone else sees frozen values (`angzarr_domain.books`) and bytes.
"""

from ._formats import Format
from ._methods import COMPENSATE, METHODS, NOTIFICATION, REJECTION_NOTIFICATION, Kind, Method, Methods
from ._payloads import TYPE_URL_PREFIX, PayloadCodec
from ._pool import POOL, include_root

__all__ = [
    "COMPENSATE",
    "METHODS",
    "NOTIFICATION",
    "POOL",
    "REJECTION_NOTIFICATION",
    "TYPE_URL_PREFIX",
    "Format",
    "Kind",
    "Method",
    "Methods",
    "PayloadCodec",
    "include_root",
]
