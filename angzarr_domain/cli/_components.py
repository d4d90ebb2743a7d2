from __future__ import annotations

import importlib
import sys
import traceback
from collections.abc import Iterable
from types import ModuleType
from typing import TYPE_CHECKING, Any

from angzarr_domain.exceptions import AngzarrError, UsageError

from ._endpoints import in_options

if TYPE_CHECKING:
    from angzarr_domain.aggregates import Aggregate


def load_components(text: str) -> tuple[type[Aggregate], ...]:
    """The aggregate classes that MODULE:NAME stands for: a list of them, or one.

    Raises:
        UsageError: The module or the name is not there, the module does not import, or what it holds is neither.
        DeclarationError: A class in the module is declared wrongly.

    """
    module_name, colon, name = text.partition(":")
    if not (colon and module_name and name):
        raise _wrong(f"{text!r} is not MODULE:NAME, such as examples.bank:components")
    found = _named(_imported(module_name), name)
    components = (found,) if isinstance(found, type) else found
    if not isinstance(components, Iterable) or isinstance(components, (str, bytes)):
        raise _wrong(f"{text} is neither an aggregate class nor a list of them, but {type(found).__name__}")
    return tuple(components)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType] - checked by the host


def _imported(module_name: str) -> ModuleType:
    if module_name.endswith(".py") or "/" in module_name:
        dotted = module_name.removeprefix("./").removesuffix(".py").strip("/").replace("/", ".")
        raise _wrong(f"{module_name} is a file; MODULE is written as in an import: {dotted}:NAME")
    try:
        return importlib.import_module(module_name)
    except AngzarrError:
        raise  # says which class is declared wrongly, and how to mend it
    except ModuleNotFoundError as error:
        if error.name and (module_name == error.name or module_name.startswith(f"{error.name}.")):
            raise _wrong(f"there is no module {error.name}: start from the folder that holds it") from error
        raise _broken(module_name, error) from error
    except Exception as error:
        raise _broken(module_name, error) from error


def _named(module: ModuleType, name: str) -> Any:
    if not hasattr(module, name):
        fitting = sorted(each for each, value in vars(module).items() if not each.startswith("_") and _is_served(value))
        raise _wrong(
            f"module {module.__name__} has no {name}; what can be served there: {', '.join(fitting) or 'nothing'}"
        )
    return getattr(module, name)


def _is_served(value: Any) -> bool:
    from angzarr_domain.aggregates import definition_of  # loads attrs, which the help of no subcommand needs

    parts = list[Any](value) if isinstance(value, (list, tuple)) else [value]  # pyright: ignore[reportUnknownArgumentType] - of anything
    try:
        return bool([definition_of(part) for part in parts])
    except UsageError:
        return False


def _broken(module_name: str, error: Exception) -> UsageError:
    return _wrong(f"module {module_name} does not import: {type(error).__name__}: {_reason(error)}")


def _reason(error: Exception) -> str:
    if isinstance(error, SyntaxError):  # its frames are those of the importer
        return f"{error.msg} ({error.filename}, line {error.lineno})"
    frames = traceback.extract_tb(error.__traceback__)
    where = f" ({frames[-1].filename}, line {frames[-1].lineno})" if frames else ""
    forgotten = isinstance(error, ModuleNotFoundError) and (error.name or "").endswith("_messages")
    remedy = ": make it with python -m angzarr_domain generate FILE.proto --out DIR" if forgotten else ""
    return f"{error}{where}{remedy}"


def _wrong(message: str) -> UsageError:
    return UsageError(message, field="components")


def refuse(error: AngzarrError) -> int:
    """Say on stderr why the arguments make no sense; the exit status for that."""
    print(f"angzarr_domain: {in_options(str(error))}", file=sys.stderr)
    return 2
