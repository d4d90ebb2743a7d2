from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from angzarr_domain.books import Payload
from angzarr_domain.exceptions import DecodeFailed
from angzarr_domain.wire import PayloadCodec, to_json

from ._format import View


def view_by(known: Mapping[str, type[Any]]) -> View:
    """Shows the payloads of these types, by the names they are stored under, readably."""
    codec = PayloadCodec()

    def view(payload: Payload) -> Mapping[str, Any] | None:
        message_type = known.get(payload.type_name)
        if message_type is None:
            return None
        try:
            return to_json(codec.decoder(message_type)(payload.value))
        except DecodeFailed:
            return None  # the bytes are exported as they are: whoever folds them is told

    return view
