"""The source of functions, reduced to what they do."""

from __future__ import annotations

import hashlib
import inspect
import io
import tokenize
from collections.abc import Callable, Iterable
from typing import Any, Final

_LAYOUT: Final = frozenset(
    {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
)


def fingerprint_of_source(functions: Iterable[Callable[..., Any]]) -> str:
    """Of the functions' code, whatever its layout and comments; "" where there is no source."""
    digest = hashlib.sha256()
    for function in functions:
        try:
            source = inspect.getsource(inspect.unwrap(function))
            tokens = [token.string for token in _tokens(source) if token.type not in _LAYOUT]
        except (OSError, TypeError, tokenize.TokenError, SyntaxError):
            return ""
        digest.update("\n".join(tokens).encode())
        digest.update(b"\0")
    return digest.hexdigest()[:16]


def _tokens(source: str) -> Iterable[tokenize.TokenInfo]:
    # Inside of parentheses, the indentation of a method does not matter.
    return tokenize.generate_tokens(io.StringIO(f"(\n{source}\n)").readline)
