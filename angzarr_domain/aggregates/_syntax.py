"""The source of a method as a tree, where there is source."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator
from typing import Any

import attrs


@attrs.frozen
class Syntax:
    """A function as it is written.

    Attributes:
        tree: Its definition; lines count from `offset` on.
        file: Where it is written.

    """

    tree: ast.FunctionDef | ast.AsyncFunctionDef
    file: str
    offset: int

    def line(self, node: ast.AST) -> int:
        """The line of a part of it, in its file."""
        return self.offset + int(getattr(node, "lineno", 1)) - 1

    @property
    def own(self) -> str:
        """What it calls itself, usually self; "" if it takes nothing."""
        arguments = [*self.tree.args.posonlyargs, *self.tree.args.args]
        return arguments[0].arg if arguments else ""


def syntax_of(function: Callable[..., Any]) -> Syntax | None:
    """The function as it is written; None where that cannot be read, say in a class made by exec."""
    plain: Any = inspect.unwrap(function)
    try:
        lines, first = inspect.getsourcelines(plain)
        module = ast.parse(textwrap.dedent("".join(lines)))
    except (OSError, TypeError, SyntaxError, ValueError):
        return None
    found = module.body[0] if module.body else None
    if not isinstance(found, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return None  # a lambda, which stands inside something else
    return Syntax(found, str(plain.__code__.co_filename), first)


def mutations(syntax: Syntax) -> Iterator[tuple[str, int]]:
    """What it assigns to or deletes of its own object: names of attributes, with lines.

    Parts of what an attribute holds count, too: `self.items[key] = 3` changes what is in items.
    """
    for node in ast.walk(syntax.tree):
        targets: list[ast.expr] = []
        if isinstance(node, (ast.Assign, ast.Delete)):
            targets = node.targets
        elif isinstance(node, (ast.AugAssign, ast.AnnAssign, ast.For, ast.AsyncFor)):
            targets = [node.target]
        elif isinstance(node, ast.withitem) and node.optional_vars is not None:
            targets = [node.optional_vars]
        for target in targets:
            for each in _parts(target):
                name = _attribute_of(each, syntax.own)
                if name:
                    yield name, syntax.line(each)


def _parts(target: ast.expr) -> Iterator[ast.expr]:
    if isinstance(target, (ast.Tuple, ast.List)):
        for each in target.elts:
            yield from _parts(each)
    else:
        yield target.value if isinstance(target, ast.Starred) else target


def _attribute_of(target: ast.expr, own: str) -> str:
    """The attribute of `own` that a target begins with; "" if it begins with something else."""
    name = ""
    while isinstance(target, (ast.Attribute, ast.Subscript)):
        if isinstance(target, ast.Attribute):
            name = target.attr
        target = target.value
    return name if isinstance(target, ast.Name) and target.id == own else ""
