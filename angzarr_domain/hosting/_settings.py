"""Where a host serves when nobody said so: as Angzarr's sidecars tell it through the environment.

Everything read from the environment is read here. Nothing is created, removed or written.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping

from angzarr_domain.exceptions import UsageError

#: Without any setting: this machine only.
DEFAULT_ADDRESS = "localhost:50052"

_YES = {"1", "true", "yes", "on"}
_NO = {"", "0", "false", "no", "off"}


def address_from_environment(domains: Collection[str], environment: Mapping[str, str] = os.environ) -> str:
    """The address to serve on (C-0499). An empty variable counts as unset.

    TRANSPORT_TYPE=tcp (the default): ANGZARR_BIND_ADDRESS, else every address at PORT, else localhost:50052.
    TRANSPORT_TYPE=uds: the socket UDS_BASE_PATH/SERVICE_NAME-DOMAIN.sock, by default /tmp/angzarr/business-DOMAIN.sock.

    Args:
        domains: What is served; the only one stands in for an unset DOMAIN.
        environment: Where to read.

    Raises:
        UsageError: Another TRANSPORT_TYPE, or a socket for several domains without DOMAIN.

    """
    transport = environment.get("TRANSPORT_TYPE") or "tcp"
    if transport == "tcp":
        port = environment.get("PORT")
        return environment.get("ANGZARR_BIND_ADDRESS") or (f"[::]:{port}" if port else DEFAULT_ADDRESS)
    if transport == "uds":
        return f"unix:{_socket_path(domains, environment)}"
    raise UsageError(f"TRANSPORT_TYPE is tcp or uds, not {transport!r}", field="TRANSPORT_TYPE")


def checks_state(given: bool | None = None, environment: Mapping[str, str] = os.environ) -> bool:
    """Whether to look for what handlers change in place: as given, else as ANGZARR_CHECK_STATE says, else not.

    Raises:
        UsageError: The variable is neither of 1, true, yes, on nor of 0, false, no, off.

    """
    if given is not None:
        return given
    text = environment.get("ANGZARR_CHECK_STATE", "").lower()
    if text not in _YES | _NO:
        raise UsageError(f"ANGZARR_CHECK_STATE is 1 or 0, not {text!r}", field="ANGZARR_CHECK_STATE")
    return text in _YES


def _socket_path(domains: Collection[str], environment: Mapping[str, str]) -> str:
    base = environment.get("UDS_BASE_PATH") or "/tmp/angzarr"  # noqa: S108 - where Angzarr's sidecars look
    service = environment.get("SERVICE_NAME") or "business"
    domain = environment.get("DOMAIN") or (next(iter(domains)) if len(domains) == 1 else "")
    if not domain:
        raise UsageError(
            f"the socket is named after one domain, and {', '.join(sorted(domains))} are served: set DOMAIN",
            field="DOMAIN",
        )
    return f"{base.rstrip('/')}/{service}-{domain}.sock"
