"""Every code of a declaration: what provokes it, what mends it, and the page that explains it."""

from __future__ import annotations

import pickle
import re
import sys
import warnings
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from angzarr_domain import Aggregate, aggregate, handles
from angzarr_domain.aggregates import Finding, definition_of
from angzarr_domain.aggregates._findings import RULES
from angzarr_domain.exceptions import DeclarationError, DeclarationWarning
from tests.ledger import Account, Open

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "declaration.md"
SECTION = re.compile(r"^### (AGG\d{3}): (.*?)\n(.*?)(?=^##|\Z)", re.MULTILINE | re.DOTALL)
BLOCK = re.compile(r"^```py\n(.*?)^```$", re.MULTILINE | re.DOTALL)
HEAD = """
import attrs, time
from collections.abc import Iterable
from typing import Any, ClassVar
from angzarr_domain import *
from tests.ledger import *
"""

SECTIONS = {code: (title, BLOCK.findall(text)) for code, title, text in SECTION.findall(PAGE.read_text("utf-8"))}


def declared(source: str, folder: Path) -> ModuleType:
    """The module of this source, below imports that an author would have; from a file, so that it can be read again."""
    file = folder / "declared.py"
    file.write_text(HEAD + source, "utf-8")
    module = ModuleType("declared")
    sys.modules["declared"] = module
    try:
        exec(compile(file.read_text("utf-8"), file, "exec"), vars(module))
    finally:
        del sys.modules["declared"]
    return module


def findings_of(source: str, folder: Path) -> list[Finding]:
    """What is found in the class Account of this source, errors and warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            module = declared(source, folder)
        except DeclarationError as error:
            return list(error.findings)
    found = list(definition_of(module.Account).findings)
    assert [str(warning.message) for warning in caught] == [str(finding) for finding in found]
    return found


def test_the_page_has_a_section_for_every_code() -> None:
    """In their order, under the words that the code stands for."""
    assert {code: title for code, (title, _) in SECTIONS.items()} == dict(RULES)
    assert list(SECTIONS) == sorted(SECTIONS)


@pytest.mark.parametrize("code", RULES)
def test_the_example_of_a_code_provokes_it(code: str, tmp_path: Path) -> None:
    """As an error from 1 to 3, as a warning from 4 on, and nothing beside it but other warnings."""
    provoked, _ = SECTIONS[code][1]
    found = [finding for finding in findings_of(provoked, tmp_path) if finding.code == code]

    assert found
    assert {finding.severity for finding in found} == {"warning" if code >= "AGG4" else "error"}
    assert all(finding.subject and finding.text for finding in found)


@pytest.mark.parametrize("code", RULES)
def test_the_way_out_of_a_code_has_nothing_of_it_and_no_error(code: str, tmp_path: Path) -> None:
    """What the page recommends works."""
    _, mended = SECTIONS[code][1]
    found = findings_of(mended, tmp_path)

    assert [finding for finding in found if finding.code == code or finding.severity == "error"] == []


def test_an_error_lists_each_issue_with_its_code() -> None:
    """As text with the code in front, as plain text, and as data."""
    with pytest.raises(DeclarationError) as caught:

        @aggregate(domain="Ledger")
        class Unused(Aggregate):  # pyright: ignore[reportUnusedClass] - it is refused
            balance: int

    error = caught.value
    domain, field = error.findings
    assert [domain.code, field.code, field.subject] == ["AGG101", "AGG121", "balance"]
    assert error.issues == (domain.text, field.text)
    assert f"  - AGG121 {field.text}" in str(error).splitlines()
    assert {type(issue) for issue in error.issues} == {str}
    assert pickle.loads(pickle.dumps(error)).findings == error.findings


def warned(source: str, folder: Path) -> list[warnings.WarningMessage]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        declared(source, folder)
    return caught


SILENT = """
@aggregate(domain="account")
class Account(Aggregate):
    @handles
    def open(self, command: Open): ...
"""


def test_a_warning_is_of_its_own_class_at_the_class_that_it_is_about(tmp_path: Path) -> None:
    """So that it can be filtered, and found."""
    (caught,) = warned(SILENT, tmp_path)

    assert caught.category is DeclarationWarning
    assert str(caught.message).startswith("AGG403 Account.open: ")
    assert Path(caught.filename).name == "declared.py"
    assert "@aggregate" in (HEAD + SILENT).splitlines()[caught.lineno - 1]


def test_a_warning_can_be_silenced_by_its_code(tmp_path: Path) -> None:
    """The code is what its text begins with."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", DeclarationWarning)
        warnings.filterwarnings("ignore", "AGG403", DeclarationWarning)
        declared(SILENT, tmp_path)


def test_a_class_without_anything_to_say_has_no_findings() -> None:
    """As most have."""
    assert definition_of(Account).findings == ()


def test_a_class_without_source_is_warned_of_less() -> None:
    """The guard finds at run time what cannot be seen."""
    names: dict[str, Any] = {"__name__": "declared"}
    body = "    def open(self, command: Open) -> None:\n        self.total = 1\n"
    exec(HEAD + f"@aggregate(domain='x')\nclass X(Aggregate):\n    total: int = 0\n    @handles\n{body}", names)

    assert definition_of(names["X"]).findings == ()


ASKING = {
    "in what it defines inside": "self.at = (lambda: time.time())()",
    "in a comprehension": "self.at = [time.time() for _ in range(1)][0]",
    "imported inside": "from time import time as clock; self.at = clock()",
    "a module imported inside": "import time as clock; self.at = clock.time()",
    "in a function of the module": "self.at = stamped()",
    "in a method of the class": "self.at = self.stamped()",
    "without calling it": "clock = time.time; self.at = clock()",
}


@pytest.mark.parametrize("line", ASKING.values(), ids=ASKING.keys())
def test_a_clock_is_seen_wherever_the_applier_asks_it(line: str, tmp_path: Path) -> None:
    """Once for each place; functions are followed one level deep."""
    source = f"""
def stamped() -> float:
    return time.time()

@aggregate(domain="account")
class Account(Aggregate):
    at: float = 0.0
    def stamped(self) -> float:
        return time.time()
    @applies
    def opened(self, event: Opened) -> None:
        {line}
"""
    (finding,) = findings_of(source, tmp_path)

    assert (finding.code, finding.subject) == ("AGG405", "Account.opened")
    assert re.search(r"asks (time\.time|clock|clock\.time) \(declared\.py:\d+", finding.text)


PURE = {
    "an attribute of that name": "self.time = event.time",
    "a time that is given": "self.at = datetime.fromisoformat(event.owner)",
    "a field named like a module": "self.random = 3",
    "an id that is given": "self.id = uuid.UUID(event.owner)",
}


@pytest.mark.parametrize("line", PURE.values(), ids=PURE.keys())
def test_what_only_looks_like_a_clock_is_none(line: str, tmp_path: Path) -> None:
    """Names are followed to what they stand for."""
    source = f"""
import random, uuid
from datetime import datetime

@aggregate(domain="account")
class Account(Aggregate):
    at: datetime | None = None
    time: float = 0.0
    random: int = 0
    id: uuid.UUID | None = None
    @applies
    def opened(self, event: Opened) -> None:
        {line}
"""
    assert findings_of(source, tmp_path) == []


CHANGING = {
    "an assignment": ("self.total = 1", "total"),
    "an operation": ("self.total += 1", "total"),
    "one of several": ("other, self.total = 1, 2", "total"),
    "the rest of several": ("other, *self.items = [1, 2]", "items"),
    "a deletion": ("del self.total", "total"),
    "an item": ("self.items[0] = 1", "items"),
    "an item deleted": ("del self.items[0]", "items"),
    "a part of a part": ("self.parts.inner.value = 1", "parts"),
    "the variable of a loop": ("for self.total in range(3): pass", "total"),
}


@pytest.mark.parametrize(("line", "field"), CHANGING.values(), ids=CHANGING.keys())
def test_a_handler_that_changes_the_state_is_seen(line: str, field: str, tmp_path: Path) -> None:
    """With the file and the line."""
    source = f"""
@aggregate(domain="account")
class Account(Aggregate):
    total: int = 0
    items: list[int] = attrs.field(factory=list)
    parts: str = ""
    @handles
    def open(self, command: Open) -> None:
        {line}
"""
    number = (HEAD + source).splitlines().index(f"        {line}") + 1
    (finding,) = findings_of(source, tmp_path)

    assert (finding.code, finding.subject) == ("AGG406", "Account.open")
    assert f"changes self.{field} (declared.py:{number})" in finding.text


@pytest.mark.parametrize("line", ["total = self.total", "command.x.y = 3", "local = {}; local[1] = self", "x: int = 3"])
def test_a_handler_that_only_reads_is_not_warned_of(line: str, tmp_path: Path) -> None:
    """Locals are its own."""
    source = f"""
@aggregate(domain="account")
class Account(Aggregate):
    total: int = 0
    @handles
    def open(self, command: Open) -> None:
        {line}
"""
    assert findings_of(source, tmp_path) == []


def test_nothing_is_said_of_unemitted_events_while_a_handler_keeps_silent(tmp_path: Path) -> None:
    """It may emit them."""
    source = SILENT + "    @applies\n    def opened(self, event: Opened) -> None: ...\n"

    assert [finding.code for finding in findings_of(source, tmp_path)] == ["AGG403"]


def test_what_facts_compensations_undoing_and_upcasts_give_is_emitted(tmp_path: Path) -> None:
    """Not handlers alone emit."""
    source = """
@attrs.frozen
class Old:
    __protobuf_name__: ClassVar[str] = "tests.Old"

@aggregate(domain="account")
class Account(Aggregate):
    @accepts
    def told(self, fact: Noted) -> Noted: ...
    @compensates(Open)
    def refused(self, refused: Refused[Open]) -> Deposited: ...
    @undoes(Deposit)
    def undone(self, undo: Undo[Deposit]) -> Withdrawn: ...
    @staticmethod
    @upcasts
    def old(event: Old) -> Opened: ...
    @applies
    def noted(self, event: Noted) -> None: ...
    @applies
    def deposited(self, event: Deposited) -> None: ...
    @applies
    def withdrawn(self, event: Withdrawn) -> None: ...
    @applies
    def opened(self, event: Opened) -> None: ...
"""
    assert findings_of(source, tmp_path) == []


def test_the_metaclass_may_forbid_a_guard() -> None:
    """Then no handler could be guarded, so that the class is refused."""

    class Sealed(type):
        def __new__(cls, name: str, bases: tuple[type, ...], names: dict[str, Any]) -> Any:
            if any(isinstance(base, Sealed) and hasattr(base, "sealed") for base in bases):
                raise TypeError("sealed")
            return super().__new__(cls, name, bases, names)

    with pytest.raises(
        DeclarationError, match=r"AGG106 it cannot have a subclass of the same layout \(TypeError: sealed"
    ):

        @aggregate(domain="sealed")
        class Unused(Aggregate, metaclass=Sealed):  # pyright: ignore[reportUnusedClass] - it is refused
            sealed = True

            @handles
            def open(self, command: Open) -> None: ...
