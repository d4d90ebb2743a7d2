"""Readable Python messages from a user's .proto files."""

from ._generating import generate

__all__ = ["generate"]
