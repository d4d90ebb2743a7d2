"""The only door to protobuf: the protocol's calls with their codecs, and the schemas behind them.

Everyone else sees frozen values (`angzarr_domain.books`) and bytes.
"""

from ._formats import Format
from ._generations import INTERIM, RELEASED
from ._json import from_json, to_json
from ._masking import Masking
from ._methods import COMPENSATE, METHODS, NOTIFICATION, REJECTION_NOTIFICATION, Kind, Method, Methods
from ._payloads import TYPE_URL_PREFIX, PayloadCodec
from ._pool import POOL, include_root
from ._status import WireStatus, from_status, to_status, to_unrepeated_status

__all__ = [
    "COMPENSATE",
    "INTERIM",
    "METHODS",
    "NOTIFICATION",
    "POOL",
    "REJECTION_NOTIFICATION",
    "RELEASED",
    "TYPE_URL_PREFIX",
    "Format",
    "Kind",
    "Masking",
    "Method",
    "Methods",
    "PayloadCodec",
    "WireStatus",
    "from_json",
    "from_status",
    "include_root",
    "to_json",
    "to_status",
    "to_unrepeated_status",
]
