"""What the released coordinator v0.5.1 was asked and answered, recorded on the wire: `tests/golden/angzarr-0.5.1/`."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import attrs

GOLDEN = Path(__file__).parent / "golden" / "angzarr-0.5.1"
FILES = tuple(sorted(path.stem for path in GOLDEN.glob("*.json")))


@attrs.frozen
class Recorded:
    """One exchange.

    Attributes:
        requests: Message bytes in order; without those that were left out for their size.
        requests_text: The same as protobuf's JSON, read by somebody else's schema.
        status: gRPC's name of how it ended.
        trailers: Trailing metadata.
        logic_calls: What business logic was asked meanwhile, as it was recorded.

    """

    file: str
    name: str
    path: str
    requests: tuple[bytes, ...]
    responses: tuple[bytes, ...]
    requests_text: tuple[Any, ...]
    responses_text: tuple[Any, ...]
    status: str
    message: str
    trailers: tuple[tuple[str, str | bytes], ...]
    logic_calls: tuple[dict[str, Any], ...]

    @property
    def id(self) -> str:
        """For pytest."""
        return f"{self.file}: {self.name}"

    @property
    def details(self) -> bytes | None:
        """The value of `grpc-status-details-bin`."""
        found = dict(self.trailers).get("grpc-status-details-bin")
        return found if isinstance(found, bytes) else None


@cache
def recorded(file: str) -> tuple[Recorded, ...]:
    """The exchanges of a file, in order; those of the health service are left out."""
    entries: list[dict[str, Any]] = json.loads((GOLDEN / f"{file}.json").read_text())
    return tuple(_read(file, entry) for entry in entries if "status" in entry)


def find(file: str, name: str) -> Recorded:
    """The exchange of this name."""
    return next(each for each in recorded(file) if each.name == name)


def everything() -> Iterator[Recorded]:
    """All exchanges of the recorded coordinator's own services."""
    for file in FILES:
        if file != "services":
            yield from recorded(file)


def _read(file: str, entry: dict[str, Any]) -> Recorded:
    return Recorded(
        file=file,
        name=entry["name"],
        path=entry["method"],
        requests=_messages(entry.get("requests", [])),
        responses=_messages(entry.get("responses", [])),
        requests_text=tuple(entry.get("requests_text", [])),
        responses_text=tuple(entry.get("responses_text", [])),
        status=entry["status"],
        message=entry["message"],
        trailers=tuple(_trailer(key, value) for key, value in entry.get("trailing_metadata", [])),
        logic_calls=tuple(entry.get("logic_calls", [])),
    )


def _messages(texts: list[str]) -> tuple[bytes, ...]:
    return tuple(base64.b64decode(text) for text in texts if not text.startswith("("))


def _trailer(key: str, value: Any) -> tuple[str, str | bytes]:
    if isinstance(value, str):
        return key, value
    # Left out for its size: only how many bytes it had.
    return key, base64.b64decode(value["base64"]) if "base64" in value else b"\n" + bytes(value["bytes"] - 1)
