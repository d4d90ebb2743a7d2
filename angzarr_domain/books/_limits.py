"""The limits of the protocol on names and sizes. Clients check them before sending, coordinators on arrival."""

from __future__ import annotations

import re
from typing import Final
from uuid import UUID

from angzarr_domain.exceptions import InvalidArgument

from ._payloads import Payload

MAX_CORRELATION_ID: Final = 128
MAX_TYPE_URL: Final = 256
MAX_PAYLOAD: Final = 256 * 1024
MAX_SEQUENCE: Final = 2**32 - 1

_DOMAIN: Final = re.compile(r"[a-z_][a-z0-9_-]{0,63}")
_CORRELATION_ID: Final = re.compile(rf"[A-Za-z0-9_-]{{0,{MAX_CORRELATION_ID}}}")


def check_domain(domain: str, field: str = "cover.domain") -> str:
    """The domain itself: 1 to 64 of a-z, 0-9, "_" and "-", starting with a letter or "_".

    Raises:
        InvalidArgument: MISSING_DOMAIN if it is empty, else LIMIT_EXCEEDED.

    """
    if not domain:
        raise InvalidArgument("no domain: name the kind of aggregate", field=field, code="MISSING_DOMAIN")
    if not _DOMAIN.fullmatch(domain):
        raise _exceeded(f"{domain[:80]!r} is no domain: use 1 to 64 of a-z, 0-9, _ and -, a letter or _ first", field)
    return domain


def check_correlation_id(correlation_id: str, field: str = "cover.correlation_id") -> str:
    """The correlation id itself: up to 128 of A-Z, a-z, 0-9, "_" and "-"; empty is none.

    Raises:
        InvalidArgument: LIMIT_EXCEEDED.

    """
    if not _CORRELATION_ID.fullmatch(correlation_id):
        raise _exceeded(f"a correlation id is up to {MAX_CORRELATION_ID} of A-Z, a-z, 0-9, _ and -", field)
    return correlation_id


def check_payload(payload: Payload, field: str = "pages[0].command") -> Payload:
    """The payload itself: a type URL of up to 256 characters, up to 256 KiB of bytes.

    Raises:
        InvalidArgument: LIMIT_EXCEEDED.

    """
    if len(payload.type_url) > MAX_TYPE_URL:
        raise _exceeded(f"a type URL is up to {MAX_TYPE_URL} characters, not {len(payload.type_url)}", field)
    if len(payload.value) > MAX_PAYLOAD:
        raise _exceeded(
            f"a {payload.type_name} of {len(payload.value)} bytes is over the {MAX_PAYLOAD} that a payload may have: "
            "store what is large elsewhere and send a reference",
            field,
        )
    return payload


def check_sequence(sequence: int, field: str = "sequence") -> int:
    """The sequence itself: 0 to 2**32 - 1.

    Raises:
        InvalidArgument: It is outside.

    """
    if not 0 <= sequence <= MAX_SEQUENCE:
        raise InvalidArgument(f"{sequence} is no sequence: they count from 0 to {MAX_SEQUENCE}", field=field)
    return sequence


def parse_root(root: UUID | str, field: str = "cover.root") -> UUID:
    """The root as a UUID.

    Raises:
        InvalidArgument: PROTO_UUID_INVALID for text that is no UUID.

    """
    if isinstance(root, UUID):
        return root
    try:
        return UUID(root)
    except (ValueError, AttributeError, TypeError) as error:
        raise InvalidArgument(
            f"{str(root)[:80]!r} is no UUID: for a business key use compute_root(domain, key)",
            field=field,
            code="PROTO_UUID_INVALID",
        ) from error


def _exceeded(message: str, field: str) -> InvalidArgument:
    return InvalidArgument(message, field=field, code="LIMIT_EXCEEDED")
