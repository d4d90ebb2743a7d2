"""What is wrong with the fields of an aggregate class, before attrs makes them."""

from __future__ import annotations

import dis
import inspect
from types import FunctionType
from typing import Any

import attrs

from ._base import Aggregate
from ._findings import wrong

_FACTS = ("root", "exists", "next_sequence")
_DESCRIPTORS = (FunctionType, staticmethod, classmethod, property)
_FIELD: type[Any] = type(attrs.field())  # pyright: ignore[reportUnknownVariableType] - it has no public name
_CLASS_VARIABLES = ("typing.ClassVar", "t.ClassVar", "ClassVar", "typing_extensions.ClassVar")  # those attrs knows


def field_issues(cls: type[Any]) -> list[str]:
    """Every issue of the fields that the class itself declares."""
    annotations = inspect.get_annotations(cls)
    fields = [name for name, annotation in annotations.items() if not _is_class_variable(annotation)]
    issues = [issue for name in fields if (issue := _issue(name, vars(cls).get(name, attrs.NOTHING)))]
    for name, value in vars(cls).items():
        if name in _FACTS and name not in fields and issubclass(cls, Aggregate):
            issues.append(
                wrong("AGG125", f"{name}: every aggregate has a fact of that name; choose another name for yours", name)
            )
        elif name not in annotations and (_is_declared(value) or (_is_plain(name, value) and name in _set_by(cls))):
            issues.append(
                wrong(
                    "AGG123", f"field {name}: has no annotation, so it is no field; write {name}: TheType = ...", name
                )
            )
    return issues


def _is_class_variable(annotation: object) -> bool:
    return str(annotation).strip("'\"").startswith(_CLASS_VARIABLES)


def _is_declared(value: object) -> bool:
    return isinstance(value, _FIELD)


def _is_plain(name: str, value: object) -> bool:
    return not (name.startswith("__") or isinstance(value, (type, *_DESCRIPTORS)))


def _set_by(cls: type[Any]) -> set[str]:
    """The attributes that its methods set: on a slotted class that works for fields only."""
    functions = [value for value in vars(cls).values() if isinstance(value, FunctionType)]
    return {
        instruction.argval
        for function in functions
        for instruction in dis.get_instructions(function)
        if instruction.opname == "STORE_ATTR"
    }


def _issue(name: str, value: Any) -> str | None:
    default = value._default if _is_declared(value) else value  # noqa: SLF001 - attrs shows it nowhere else
    if name in _FACTS:
        return wrong("AGG125", f"field {name}: every aggregate has a fact of that name; choose another", name)
    if isinstance(value, _DESCRIPTORS):
        return wrong("AGG124", f"field {name}: a method has the same name and would be its default; rename one", name)
    if default is attrs.NOTHING:
        return wrong("AGG121", f"field {name}: has no default, so no fresh aggregate can be made; give it one", name)
    if type(default).__hash__ is None:  # what cannot be hashed can be changed
        kind = type(default).__name__
        return wrong(
            "AGG122", f"field {name}: all aggregates would share this {kind}; use attrs.field(factory={kind})", name
        )
    if name.startswith("_") and not getattr(value, "alias", None):
        return wrong(
            "AGG126", f"field {name}: attrs would name its argument {name.lstrip('_')!r}; drop the underscore", name
        )
    return None
