"""What may import what. The table is the one that docs/architecture.md shows; a violation is a design decision."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

import angzarr_domain

PACKAGE = Path(angzarr_domain.__file__).parent

# Each part with the parts it may import. Imports point down only.
PARTS: dict[str, set[str]] = {
    "exceptions": set(),
    "books": {"exceptions"},
    "messages": {"exceptions"},
    "aggregates": {"books", "exceptions"},
    "wire": {"messages", "books", "exceptions"},
    "client": {"wire", "books", "exceptions"},
    "repositories": {"client", "aggregates", "wire", "books", "exceptions"},
    "histories": {"repositories", "client", "aggregates", "wire", "books", "exceptions"},
    "hosting": {"aggregates", "client", "wire", "books", "exceptions"},
    "codegen": {"wire", "messages", "books", "exceptions"},
    "embedded": {"hosting", "client", "wire", "books", "exceptions"},
}
PARTS["testing"] = {*PARTS}
PARTS["cli"] = {*PARTS} - {"testing"}
PARTS["__main__"] = {"cli"}
PARTS["__init__"] = {"aggregates", "exceptions", "client", "repositories"}

EVERYWHERE = {"attrs", "typing_extensions"}
THIRD_PARTIES: dict[str, set[str]] = {
    "wire": {"google", "cattrs"},
    "client": {"grpc"},
    "hosting": {"grpc"},
    "hosting._standard": {"grpc", "grpc_health", "grpc_reflection"},
    "codegen": {"google", "grpc_tools"},
    "embedded": {"grpc"},
    "testing.contracts": {"pytest"},
    "testing.models": {"hypothesis"},
    "testing.plugin": {"pytest"},
    "testing._golden": {"pytest"},
}

# Private modules that another part may use: the seams it is built on, and the machinery that two parts share.
SEAMS: dict[str, set[str]] = {
    "client._transports.base": {"hosting"},
    "client._transports.grpc": {"hosting"},
    "client._endpoints": {"hosting"},
    "client._pem": {"hosting"},
    "client._budget": {"hosting"},
    "client._reading": {"hosting"},
    "client._speaking": {"hosting"},
    "client._steps": {"hosting"},
    "hosting._failures": {"embedded"},
    "hosting._rpc": {"embedded"},
    "hosting._serving": {"embedded"},
    "hosting._settings": {"embedded"},
    "hosting._workers": {"embedded"},
    "embedded._store.base": {"testing"},
}


@attrs.frozen
class Import:
    """One import at run time: who imports, and the module or name below this package, or the third party."""

    importer: str
    imported: str
    line: int
    own: bool

    @property
    def part(self) -> str:
        """The part that imports."""
        return self.importer.partition(".")[0]

    @property
    def imported_part(self) -> str:
        """The part of ours that is imported."""
        return self.imported.partition(".")[0]

    def __str__(self) -> str:
        return f"{self.importer}:{self.line} imports {self.imported}"


def _name(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


def _imports_of(path: Path) -> Iterator[Import]:
    # The package a relative import starts from.
    package = ["angzarr_domain", *path.relative_to(PACKAGE).parts[:-1]]
    for node in _at_run_time(ast.parse(path.read_text())):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            names = [f"{module}.{alias.name}" for alias in node.names]
        for name in names:
            own = name.startswith("angzarr_domain.")
            imported = name.removeprefix("angzarr_domain.") if own else name.partition(".")[0]
            yield Import(_name(path), imported, getattr(node, "lineno", 0), own)


def _at_run_time(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and isinstance(child.test, ast.Name) and child.test.id == "TYPE_CHECKING":
            for other in child.orelse:
                yield from (other, *_at_run_time(other))
        else:
            yield child
            yield from _at_run_time(child)


def _all_imports() -> list[Import]:
    return [found for path in sorted(PACKAGE.rglob("*.py")) for found in _imports_of(path)]


IMPORTS = _all_imports()


def test_every_part_is_in_the_table() -> None:
    """A new part says what it may import before it is written."""
    assert {found.part for found in IMPORTS} <= PARTS.keys()


def test_parts_import_downwards_only() -> None:
    """A part imports only what the table allows it."""
    wrong = [
        str(found)
        for found in IMPORTS
        if found.own and found.imported_part != found.part and found.imported_part not in PARTS[found.part]
    ]

    assert wrong == []


def test_the_table_has_no_circle() -> None:
    """Following the table from any part never leads back to it."""

    def below(part: str, seen: frozenset[str]) -> None:
        assert part not in seen
        for other in PARTS[part]:
            below(other, seen | {part})

    for part in PARTS:
        below(part, frozenset())


def test_third_parties_stay_in_the_parts_that_may_touch_them() -> None:
    """Protobuf has one door, and grpc is nowhere but at the edges."""
    wrong = [
        str(found)
        for found in IMPORTS
        if not found.own
        and found.imported not in {*sys.stdlib_module_names, *EVERYWHERE, "angzarr_domain"}
        and found.imported not in _third_parties_of(found.importer)
    ]

    assert wrong == []


def _third_parties_of(importer: str) -> set[str]:
    ways = importer.split(".")
    names = (".".join(ways[:length]) for length in range(len(ways), 0, -1))
    return next((THIRD_PARTIES[name] for name in names if name in THIRD_PARTIES), set[str]())


def _private_module(found: Import) -> str | None:
    """The private module that is imported, or imported from."""
    ways = found.imported.split(".")
    first = next((index for index, way in enumerate(ways) if way.startswith("_") and index), None)
    if first is None:
        return None
    end = first + 1
    while (PACKAGE.joinpath(*ways[:end])).is_dir() and end < len(ways):
        end += 1
    return ".".join(ways[:end])


def test_private_modules_stay_inside_their_part() -> None:
    """Another part uses a private module only where it is named as a seam."""
    wrong = [
        str(found)
        for found in IMPORTS
        if found.own
        and found.imported_part != found.part
        and (module := _private_module(found))
        and found.part not in SEAMS.get(module, set())
    ]

    assert wrong == []


def test_every_seam_is_used() -> None:
    """A permission that nobody needs any more is taken back."""
    used = {(_private_module(found), found.part) for found in IMPORTS if found.own}

    assert [(module, part) for module, parts in SEAMS.items() for part in parts if (module, part) not in used] == []


def test_the_generated_schemas_have_one_user() -> None:
    """Generated protobuf code is imported by wire alone."""
    wrong = [str(found) for found in IMPORTS if found.own and ".pb" in found.imported and found.part != "wire"]

    assert wrong == []


LIGHT = {
    "the root": "import angzarr_domain",
    "the author's kit": "import angzarr_domain.aggregates, angzarr_domain.books, angzarr_domain.exceptions",
    "a module of messages and its aggregate": "import tests.ledger",
}


@pytest.mark.process
@pytest.mark.parametrize("statement", [pytest.param(code, id=name) for name, code in LIGHT.items()])
def test_authors_modules_load_neither_grpc_nor_protobuf(statement: str) -> None:
    """Whoever only declares business logic pays for neither."""
    assert _loaded_by(statement) == []


@pytest.mark.process
def test_the_kit_loads_no_grpc() -> None:
    """A unit test of an aggregate needs no server and none of its code; only encodings are checked."""
    scenario = """
from tests.ledger import Account, Deposit, Deposited
from angzarr_domain.testing import given
given(Account).when(Deposit(amount=1)).then(Deposited(amount=1)).then_state(balance=1)
"""

    assert "grpc" not in _loaded_by(scenario)


@pytest.mark.process
def test_the_pytest_plugin_loads_neither_grpc_nor_protobuf() -> None:
    """It is loaded in every run of whoever has installed the package."""
    assert _loaded_by("import angzarr_domain.testing.plugin") == []


def test_the_kit_does_without_hypothesis() -> None:
    """Only whoever imports `testing.models` needs it: nothing else does."""
    wrong = [
        str(found)
        for found in IMPORTS
        if found.own and found.imported.startswith("testing.models") and not found.importer.startswith("testing.models")
    ]

    assert wrong == []


def _loaded_by(code: str) -> list[str]:
    show = "import sys; print(*sorted({m.partition('.')[0] for m in sys.modules} & {'grpc', 'google', 'cattrs'}))"
    root = str(Path(__file__).parents[1])
    ran = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.append({root!r})\n{code}\n{show}"],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return ran.stdout.split()
