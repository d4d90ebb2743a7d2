from __future__ import annotations

from typing import Any, Final
from uuid import NAMESPACE_OID, UUID, uuid5

import attrs

from angzarr_domain.exceptions import InvalidArgument

from ._payloads import Payload

#: The main timeline's canonical name. A cover never holds it: no edition, "" and this name are one timeline.
DEFAULT_EDITION: Final = "angzarr"

#: As a point in history: now.
NOW: Final = 4_294_967_295


def compute_root(domain: str, business_key: str) -> UUID:
    """The root that a business key always leads to: UUIDv5 over OID of "domain:key" (C-0107 to C-0110)."""
    return uuid5(NAMESPACE_OID, f"{domain}:{business_key}")


@attrs.frozen
class DomainDivergence:
    """Where a named timeline leaves the main one, in one domain."""

    domain: str
    sequence: int


@attrs.frozen
class Edition:
    """A named timeline."""

    name: str
    divergences: tuple[DomainDivergence, ...] = ()


def _named_only(edition: Edition | None) -> Edition | None:
    return None if edition is None or edition.name in {"", DEFAULT_EDITION} else edition


def _is(kind: type | tuple[type, ...], name: str) -> Any:
    def check(_cover: object, attribute: attrs.Attribute[Any], value: object) -> None:
        if not isinstance(value, kind):
            raise InvalidArgument(
                f"a cover's {attribute.name} is {name}, not {type(value).__name__}",
                field=f"cover.{attribute.name}",
                code="PROTO_UUID_INVALID" if attribute.name == "root" else "INVALID_ARGUMENT",
            )

    return check


@attrs.frozen
class Cover:
    """The address of a book: which aggregate, which workflow, which timeline.

    Attributes:
        domain: The kind of aggregate.
        root: Which one; None addresses none in particular (a query by correlation id).
        correlation_id: The workflow it belongs to; "" is none.
        edition: A named timeline; None is the main one (C-0409).
        ext: A free slot for clients, copied unread onto the events a command leads to.

    """

    domain: str = attrs.field(default="", validator=_is(str, "text"))
    root: UUID | None = attrs.field(default=None, validator=_is((UUID, type(None)), "a uuid.UUID"))
    correlation_id: str = attrs.field(default="", validator=_is(str, "text"))
    edition: Edition | None = attrs.field(default=None, converter=_named_only)
    ext: Payload | None = None
