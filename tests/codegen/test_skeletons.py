"""Drafts of aggregates: they work as they are, and belong to their author from then on."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from angzarr_domain import Refused
from angzarr_domain.aggregates import definition_of
from angzarr_domain.books import Message
from angzarr_domain.codegen import generate, plan
from angzarr_domain.exceptions import GenerationError
from angzarr_domain.testing import given
from tests.library.loan import Loan
from tests.library.loan_messages import Borrow, Borrowed, Damaged, Exists, Rejected, Remind, Return, Returned

Write = Callable[..., list[Path]]
LIBRARY = Path(__file__).resolve().parents[1] / "library"
ANGZARR = 'import "io/angzarr/v1/options.proto";'
STATE = 'message AccountState { option (io.angzarr.v1.component).domain = "account"; }'


def owned(*emits: str, component: str = "AccountState") -> str:
    """The option of a command."""
    events = ", ".join(f'"{event}"' for event in emits)
    return f'option (io.angzarr.v1.command) = {{component: "{component}" emits: [{events}]}};'


@pytest.fixture(name="draft")
def _draft(write: Write, load: Callable[[Path], Any], tmp_path: Path) -> Callable[..., Any]:
    """The draft that one .proto with this body gives, imported."""

    def draft(body: str, name: str = "account", **options: Any) -> Any:
        generate(write(case=body), tmp_path / "out", skeletons=tmp_path / "out", **options)
        return load(tmp_path / "out" / f"{name}.py")

    return draft


def test_the_committed_draft_is_what_the_generator_makes(tmp_path: Path) -> None:
    """Type checkers and linters read it, as part of `make check`."""
    folder = shutil.copytree(LIBRARY, tmp_path / "library", ignore=shutil.ignore_patterns("loan.py"))

    assert generate([LIBRARY / "loan.proto"], folder, skeletons=folder) == (folder / "loan.py",)
    assert (folder / "loan.py").read_text() == (LIBRARY / "loan.py").read_text()


@pytest.mark.parametrize("command", [Borrow(), Return(), Exists()])
def test_a_draft_refuses_every_command(command: Message) -> None:
    """Until its author goes on. It can be served as it is."""
    given(Loan).when(command).rejects("NOT_IMPLEMENTED")


@pytest.mark.parametrize("event", [Borrowed(reader="ada"), Returned(), Rejected(), Damaged()])
def test_a_draft_folds_every_event(event: Message) -> None:
    given(Loan, event).when(Borrow()).rejects("NOT_IMPLEMENTED")


def test_a_handler_says_what_the_option_says_it_emits() -> None:
    handlers = definition_of(Loan).handlers.values()

    assert [handler.emits for handler in handlers] == [(Borrowed,), (Returned, Rejected), ()]


def test_a_draft_has_what_the_component_says_beside_commands() -> None:
    """Facts are recorded; what is not made up for yet asks for help, rather than pass in silence."""
    definition = definition_of(Loan)

    assert Loan().accept_damaged(Damaged()) == Damaged()
    assert Loan().remind_refused(Refused(Remind(), "NO_POST")).reason == "not compensated yet: NO_POST"
    keys = ["library.v1.Remind", "till:library.v1.Charge", "post-box:library.v1.Charge"]
    assert (list(definition.compensators), list(definition.undoers)) == (keys, ["library.v1.Borrow"])


def test_a_refusal_by_one_domain_and_by_any_is_refused(write: Write, tmp_path: Path) -> None:
    body = f"""{ANGZARR} message AccountState {{ option (io.angzarr.v1.component) = {{
          domain: "account" compensates: ["Pay", "till:Pay"]}}; }}
        message Open {{ {owned()} }} message Pay {{}}"""

    with pytest.raises(GenerationError, match="AccountState compensates Pay of any domain and of one: choose"):
        generate(write(case=body), tmp_path / "out", skeletons=tmp_path / "out")


def test_a_draft_that_exists_stays_as_it_is(write: Write, tmp_path: Path) -> None:
    """It is no generated file: somebody's work is in there."""
    (tmp_path / "account.py").write_text("mine")
    protos = write(case=f"{ANGZARR} {STATE} message Open {{ {owned()} }}")

    assert plan(protos, tmp_path, skeletons=tmp_path).kept == (tmp_path / "account.py",)
    assert tmp_path / "account.py" not in generate(protos, tmp_path, skeletons=tmp_path)
    assert (tmp_path / "account.py").read_text() == "mine"


def test_check_misses_a_draft_but_takes_any_that_exists(write: Write, tmp_path: Path) -> None:
    protos, draft = write(case=f"{ANGZARR} {STATE} message Open {{ {owned()} }}"), tmp_path / "account.py"
    generate(protos, tmp_path)

    assert generate(protos, tmp_path, skeletons=tmp_path, check=True) == (draft,)
    assert not draft.exists()
    draft.write_text("mine")
    assert generate(protos, tmp_path, skeletons=tmp_path, check=True) == ()


def test_without_being_asked_for_there_is_none(write: Write, tmp_path: Path) -> None:
    generate(write(case=f"{ANGZARR} {STATE} message Open {{ {owned()} }}"), tmp_path / "out")

    assert not (tmp_path / "out" / "account.py").exists()


def test_in_one_package_it_imports_its_messages_relatively(write: Write, tmp_path: Path) -> None:
    protos = write(bank__v1__case=f"{ANGZARR} {STATE} message Open {{ {owned()} }}")
    for folder in ("app", "app/made", "app/logic"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "__init__.py").touch()
    generate(protos, tmp_path / "app/made", include=[tmp_path], skeletons=tmp_path / "app/logic")

    source = (tmp_path / "app/logic/account.py").read_text()
    assert "from ..made.bank.v1.case_messages import Open" in source


def test_outside_of_one_package_it_imports_them_as_they_import_each_other(write: Write, tmp_path: Path) -> None:
    protos = write(bank__v1__case=f"{ANGZARR} {STATE} message Open {{ {owned()} }}")
    generate(protos, tmp_path / "made", include=[tmp_path], skeletons=tmp_path / "logic")

    assert "from bank.v1.case_messages import Open" in (tmp_path / "logic/account.py").read_text()


def test_events_may_be_named_in_full_or_as_in_the_same_package(draft: Callable[..., Any]) -> None:
    made = draft(
        f"""package a.b; {ANGZARR} {STATE} message Open {{ {owned("a.b.Opened", "Noted", ".a.b.Paid")} }}
        message Opened {{}} message Noted {{}} message Paid {{}}"""
    )

    assert list(definition_of(made.Account).appliers) == ["a.b.Opened", "a.b.Noted", "a.b.Paid"]


def test_an_event_that_two_commands_emit_is_applied_once(draft: Callable[..., Any]) -> None:
    made = draft(
        f"""{ANGZARR} {STATE} message Open {{ {owned("Opened")} }} message Reopen {{ {owned("Opened")} }}
        message Opened {{}}"""
    )

    assert list(definition_of(made.Account).appliers) == ["Opened"]


def test_commands_named_by_hand_have_a_draft_without_events(draft: Callable[..., Any]) -> None:
    made = draft("message Open {} message Opened {}", name="savings", commands={"savings": ["Open"]})

    assert definition_of(made.Savings).domain == "savings"
    assert dict(definition_of(made.Savings).appliers) == {}


@pytest.mark.parametrize("name", ["Aggregate", "Rejected", "Account", "Iterable", "handles", "Root", "Import", "Type"])
def test_messages_of_any_name_have_methods(draft: Callable[..., Any], name: str) -> None:
    made = draft(
        f"""package a; {ANGZARR} {STATE} message {name} {{ {owned("Opened", "Seen")} }}
        message Last {{ {owned("Opened")} }} message Opened {{}} message Seen {{}}"""
    )

    assert list(definition_of(made.Account).handlers) == [f"a.{name}", "a.Last"]


def test_a_command_and_an_event_called_alike_have_a_method_each(draft: Callable[..., Any]) -> None:
    """One of them inside another message, say."""
    made = draft(f"""{ANGZARR} {STATE} message Open {{ {owned("OPEN")} }} message OPEN {{}}""")

    assert [handler.name for handler in definition_of(made.Account).handlers.values()] == ["Account.open"]
    assert [applier.name for applier in definition_of(made.Account).appliers.values()] == ["Account.open_"]


def test_a_method_does_not_hide_the_types_of_fields(draft: Callable[..., Any]) -> None:
    """Which the author is yet to write."""
    made = draft(f"{ANGZARR} {STATE} message Int {{ {owned()} }} message List {{ {owned()} }}")

    assert [handler.name for handler in definition_of(made.Account).handlers.values()] == [
        "Account.int_",
        "Account.list_",
    ]


def test_an_unknown_event_is_refused(write: Write, tmp_path: Path) -> None:
    protos = write(case=f"{ANGZARR} {STATE} message Open {{ {owned('Opend')} }}")

    with pytest.raises(GenerationError, match="Open emits Opend, which is no message of these files"):
        generate(protos, tmp_path / "out", skeletons=tmp_path / "out")


def test_a_process_manager_has_no_draft(write: Write, tmp_path: Path) -> None:
    """It is no aggregate."""
    body = f"""{ANGZARR} message Flow {{
          option (io.angzarr.v1.component) = {{kind: COMPONENT_KIND_PROCESS_MANAGER domain: "flow"}}; }}
        message Start {{ {owned(component="Flow")} }}"""
    made = generate(write(case=body), tmp_path / "out", skeletons=tmp_path / "out")

    assert [path.name for path in made] == ["case_messages.py", "case_commands.py"]


def test_two_drafts_of_one_file_are_refused(write: Write, tmp_path: Path) -> None:
    body = f"""{ANGZARR} {STATE} message Account {{ option (io.angzarr.v1.component).domain = "other"; }}
        message A {{ {owned()} }} message B {{ {owned(component="Account")} }}"""

    with pytest.raises(
        GenerationError, match=r"the skeletons of domains 'account' and 'other' would both be account.py"
    ):
        generate(write(case=body), tmp_path / "out", skeletons=tmp_path / "out", messages_only=True)


def test_a_draft_never_takes_the_place_of_a_generated_module(write: Write, tmp_path: Path) -> None:
    body = f"""{ANGZARR} message CaseMessages {{ option (io.angzarr.v1.component).domain = "x"; }}
        message A {{ {owned(component="CaseMessages")} }}"""

    with pytest.raises(GenerationError, match=r"case_messages.py would be both a generated module and a skeleton"):
        generate(write(case=body), tmp_path / "out", skeletons=tmp_path / "out")
