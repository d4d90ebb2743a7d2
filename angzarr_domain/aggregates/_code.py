"""What the code of a function names, followed to what it stands for. Nothing of it is run."""

from __future__ import annotations

import builtins
import dis
import inspect
import sys
from collections.abc import Callable, Iterator
from types import CodeType, FunctionType, ModuleType
from typing import Any, Final

import attrs

UNKNOWN: Final = object()

# What stands between a name and its attribute, or its first argument, and changes neither.
_BETWEEN: Final = {"PUSH_NULL", "CACHE", "NOP", "COPY_FREE_VARS"}


@attrs.frozen
class Named:
    """Something that code names: `datetime.now` is the attribute now of the class datetime.

    Attributes:
        value: What it stands for, UNKNOWN if that shows only when it runs.
        owner: What it is an attribute of.
        after: What was named right before, if nothing happened in between.
        constant: Whether it is a literal, and no name.

    """

    name: str
    value: Any
    owner: Any = UNKNOWN
    attribute: str = ""
    file: str = ""
    line: int = 0
    after: Any = attrs.field(default=UNKNOWN, repr=False)
    constant: bool = False


def named_by(cls: type[Any], function: Callable[..., Any]) -> Iterator[Named]:
    """What a method of the class names, also in what it defines inside, in the order it is written."""
    plain: Any = inspect.unwrap(function)
    if not isinstance(plain, FunctionType):
        return
    closure: dict[str, Any] = dict(inspect.getclosurevars(plain).nonlocals) if plain.__closure__ else {}
    names = {**vars(builtins), **plain.__globals__, **closure}
    own = plain.__code__.co_varnames[: plain.__code__.co_argcount][:1]
    for code in _nested(plain.__code__):
        # Its own variables hide what the module has of the same name; the first one is the object.
        hidden = dict.fromkeys(code.co_varnames, UNKNOWN)
        yield from _walk(code, {**names, **hidden, **dict.fromkeys(own, cls)})


def _nested(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _nested(constant)


def _walk(code: CodeType, known: dict[str, Any]) -> Iterator[Named]:
    nothing = current = Named("", UNKNOWN)
    imported: Named | None = None
    for instruction in dis.get_instructions(code):
        operation, argument = instruction.opname, instruction.argval
        if operation == "IMPORT_FROM":  # which leaves the module where it is
            imported = _attribute(current, str(argument))
        elif operation.startswith("STORE_FAST"):
            stored, *then = _names(argument)
            followed = isinstance(current.value, ModuleType) and imported is None
            known[stored] = imported.value if imported else current.value if followed else UNKNOWN
            current, imported = nothing if imported is None else current, None
            if then and "LOAD" in operation:
                current = Named(then[0], known.get(then[0], UNKNOWN))
                yield _placed(current, code, instruction, UNKNOWN)
        elif operation.startswith(("LOAD_", "IMPORT_NAME")):
            before = current.value
            current = _loaded(operation, argument, current, known)
            yield _placed(current, code, instruction, before)
        elif operation not in _BETWEEN:
            current = nothing


def _loaded(operation: str, argument: Any, current: Named, known: dict[str, Any]) -> Named:
    if operation in {"LOAD_ATTR", "LOAD_METHOD"}:
        return _attribute(current, str(argument))
    if operation == "IMPORT_NAME":
        return Named(str(argument), sys.modules.get(str(argument), UNKNOWN))
    if operation.startswith(("LOAD_CONST", "LOAD_SMALL_INT")):
        return Named("", argument, constant=True)
    name = _names(argument)[-1]
    return Named(name, known.get(name, UNKNOWN))


def _names(argument: Any) -> list[str]:
    """Of an instruction that loads or stores; a superinstruction has two."""
    return [str(each) for each in argument] if isinstance(argument, tuple) else [str(argument)]  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType] - of names


def _placed(what: Named, code: CodeType, instruction: dis.Instruction, before: Any) -> Named:
    line = instruction.positions.lineno if instruction.positions else None
    return attrs.evolve(what, file=code.co_filename, line=line or 0, after=before)


def _attribute(of: Named, name: str) -> Named:
    if of.value is UNKNOWN or of.constant:
        return Named("", UNKNOWN)
    # Of modules and classes only: to ask an object for an attribute may run its code.
    followed = isinstance(of.value, (ModuleType, type))
    value: Any = inspect.getattr_static(of.value, name, UNKNOWN) if followed else UNKNOWN
    if type(value) in {staticmethod, classmethod}:
        value = getattr(value, "__func__", UNKNOWN)
    return Named(f"{of.name}.{name}", value, of.value, name)
