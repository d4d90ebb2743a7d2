from __future__ import annotations

import importlib
import sys
import traceback
from collections.abc import Iterable
from types import ModuleType
from typing import TYPE_CHECKING, Any

from angzarr_domain.exceptions import AngzarrError, UsageError

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
        public = ", ".join(sorted(each for each in vars(module) if not each.startswith("_")))
        raise _wrong(f"module {module.__name__} has no {name}; it has: {public or 'nothing'}")
    return getattr(module, name)


def _broken(module_name: str, error: Exception) -> UsageError:
    frames = traceback.extract_tb(error.__traceback__)
    where = f" ({frames[-1].filename}, line {frames[-1].lineno})" if frames else ""
    return _wrong(f"module {module_name} does not import: {type(error).__name__}: {error}{where}")


def _wrong(message: str) -> UsageError:
    return UsageError(message, field="components")


def refuse(error: AngzarrError) -> int:
    """Say on stderr why the arguments make no sense; the exit status for that."""
    print(f"angzarr_domain: {error}", file=sys.stderr)
    return 2
