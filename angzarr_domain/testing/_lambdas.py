"""Lambdas as they are written, for reports that can be pasted."""

from __future__ import annotations

import ast
import inspect
import types
from collections.abc import Callable, Iterator
from typing import Any


def lambda_text(function: Callable[..., Any]) -> str | None:
    """The lambda as it stands in its file; None if that cannot be told or if it uses what is around it."""
    code: types.CodeType | None = getattr(function, "__code__", None)
    if code is None or code.co_freevars:
        return None
    try:
        lines, _ = inspect.findsource(function)
        text = "".join(lines)
        found = [node for node in _lambdas(ast.parse(text)) if _stands_at(node, code)]
    except (OSError, SyntaxError):
        return None
    return ast.unparse(found[0]) if len(found) == 1 else None


def _lambdas(tree: ast.AST) -> Iterator[ast.Lambda]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Lambda))


def _stands_at(node: ast.Lambda, code: types.CodeType) -> bool:
    # Several may start in one line; what is run tells them apart by columns.
    places = [(start, column) for start, _, column, _ in code.co_positions() if column]
    inside = (node.body.lineno, node.body.col_offset), (node.body.end_lineno or 0, node.body.end_col_offset or 0)
    return node.lineno == code.co_firstlineno and all(
        inside[0] <= (line, column) < inside[1] for line, column in places if line is not None
    )


def globals_of(function: Callable[..., Any]) -> Iterator[tuple[str, Any]]:
    """The classes and functions of modules that a function uses, by the names it uses."""
    code, around = getattr(function, "__code__", None), getattr(function, "__globals__", {})
    for name in () if code is None else code.co_names:
        value = around.get(name)
        if isinstance(value, (type, types.FunctionType)) and value.__qualname__ == name:
            yield name, value
