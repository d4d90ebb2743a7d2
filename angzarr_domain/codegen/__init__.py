"""Readable Python messages and commands from a user's .proto files."""

from ._generating import Plan, generate, plan

__all__ = ["Plan", "generate", "plan"]
