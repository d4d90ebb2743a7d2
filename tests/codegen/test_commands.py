"""Classes of commands: what a caller writes with them is the command it would write by hand."""

from __future__ import annotations

import asyncio
import inspect
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import attrs
import pytest

from angzarr_domain import AsyncDomainClient, DomainClient, Rejected
from angzarr_domain.books import CommandPage
from angzarr_domain.client import AsyncReadyCommand, ReadyCommand
from angzarr_domain.codegen import generate
from angzarr_domain.embedded import Coordinator
from angzarr_domain.exceptions import GenerationError, InvalidArgument
from tests.library import loan_messages as library
from tests.library.loan import Loan
from tests.library.loan_commands import AsyncLoanCommands, LoanCommands
from tests.shop.compiled import PROTOS

Write = Callable[..., list[Path]]
PROJECT = Path(__file__).resolve().parents[2]
LIBRARY = PROJECT / "tests" / "library"
ROOT = UUID(int=7)
ANGZARR = 'import "io/angzarr/v1/options.proto";'
STATE = 'message AccountState { option (io.angzarr.v1.component).domain = "account"; }'
OWNED = 'option (io.angzarr.v1.command).component = "AccountState";'


@pytest.fixture(name="client")
def _client() -> Iterator[DomainClient]:
    """Of nobody: what it would send is looked at, and never sent."""
    with DomainClient.connect("localhost:1") as client:
        yield client


@pytest.fixture(name="commands")
def _commands(write: Write, load: Callable[[Path], Any], tmp_path: Path) -> Callable[..., Any]:
    """The module of commands that one .proto with this body gives, imported."""

    def commands(body: str, **options: Any) -> Any:
        generate(write(case=body), tmp_path / "out", **options)
        return load(tmp_path / "out" / "case_commands.py")

    return commands


def issues(protos: list[Path], out: Path, **options: Any) -> str:
    with pytest.raises(GenerationError) as refused:
        generate(protos, out, **options)
    assert not out.exists() or not list(out.rglob("*_messages.py")), "something was written"
    return str(refused.value)


def said(ready: ReadyCommand | AsyncReadyCommand) -> tuple[str, UUID, tuple[CommandPage, ...]]:
    """Everything but the correlation id, which is drawn for each send."""
    return ready.domain, ready.root, ready.build().pages


def test_the_committed_modules_are_what_the_generator_makes() -> None:
    """Type checkers and linters read these, as part of `make check`."""
    assert generate([LIBRARY / "loan.proto"], LIBRARY, check=True) == ()


def test_a_method_makes_the_command_that_one_would_write(client: DomainClient) -> None:
    until = datetime(2026, 5, 4, tzinfo=UTC)
    by_hand = client.command("loan", ROOT).with_command(library.Borrow(self_="ada", until=until))

    assert said(LoanCommands(client, ROOT).borrow(self_="ada", until=until)) == said(by_hand)


def test_the_awaited_twin_makes_the_same(client: DomainClient) -> None:
    async def awaited() -> AsyncReadyCommand:
        async with AsyncDomainClient.connect("localhost:1") as twin:
            return AsyncLoanCommands(twin, ROOT).borrow(self_="ada")

    assert said(asyncio.run(awaited())) == said(LoanCommands(client, ROOT).borrow(self_="ada"))


def test_what_the_awaited_twin_makes_is_sent_by_awaiting() -> None:
    """The draft refuses it, which is an answer."""

    async def send() -> None:
        with Coordinator([Loan]) as coordinator:
            async with coordinator.async_client() as client:
                await AsyncLoanCommands(client).borrow(self_="ada").send_sync()

    with pytest.raises(Rejected, match="Borrow is not coded yet"):
        asyncio.run(send())


def test_twins_have_the_same_methods() -> None:
    def signatures(cls: type[Any]) -> dict[str, str]:
        methods = {name: function for name, function in vars(cls).items() if inspect.isfunction(function)}
        public = {name: function for name, function in methods.items() if not name.startswith("_")}
        return {name: f"{inspect.signature(f)}{inspect.getdoc(f)}".replace("Async", "") for name, f in public.items()}

    assert signatures(LoanCommands) == signatures(AsyncLoanCommands)
    assert signatures(LoanCommands).keys() >= {"borrow", "return_", "exists"}


def test_what_comes_after_a_method_is_what_comes_after_any_command(client: DomainClient) -> None:
    ready = LoanCommands(client, str(ROOT)).borrow().with_sequence(3).with_correlation_id("abc")

    assert (ready.root, ready.sequence, ready.correlation_id) == (ROOT, 3, "abc")


def test_without_a_root_each_command_goes_to_a_new_one(client: DomainClient) -> None:
    """Two commands never share an aggregate by accident (C-0312)."""
    loans = LoanCommands(client)
    first, second = loans.borrow(), loans.borrow()

    assert first.root.version == 4
    assert first.root != second.root


def test_what_a_message_refuses_its_method_refuses(client: DomainClient) -> None:
    with pytest.raises(InvalidArgument):
        LoanCommands(client, ROOT).borrow(until=datetime(2026, 5, 4))  # noqa: DTZ001 - the point


def test_fields_are_given_by_name_only(client: DomainClient) -> None:
    """Their order may change with the .proto."""
    with pytest.raises(TypeError):
        LoanCommands(client, ROOT).borrow("ada")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def test_a_class_of_commands_is_frozen(client: DomainClient) -> None:
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        LoanCommands(client, ROOT).root = None  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]


def test_every_kind_of_field_has_the_default_of_its_message(
    client: DomainClient, load: Callable[[Path], Any], tmp_path: Path
) -> None:
    """The shop's messages have every kind."""
    names = ["Scalars", "Optionals", "Lists", "Maps", "Category", "Later", "Names", "Nothing"]
    generate(PROTOS, tmp_path, commands={"order": names})
    messages, commands = (load(tmp_path / f"orders_{kind}.py") for kind in ("messages", "commands"))
    orders = commands.OrderCommands(client, ROOT)

    for name in names:
        empty = client.command("order", ROOT).with_command(getattr(messages, name)())
        assert said(getattr(orders, name.lower())()) == said(empty)


def test_a_module_loads_neither_protobuf_nor_grpc() -> None:
    """Whoever builds commands pays for a client when there is one."""
    program = "import sys, tests.library.loan_commands; print({'google.protobuf', 'grpc'} & sys.modules.keys() or 0)"
    done = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "0"


def test_comments_of_command_and_fields_are_the_docstring() -> None:
    assert inspect.getdoc(LoanCommands.borrow) == "Take a copy home.\n\nArgs:\n    self_: whoever borrows"


@pytest.mark.parametrize(
    ("message", "method"),
    [
        ("OpenAccount", "open_account"),
        ("HTTPGet", "http_get"),
        ("Import", "import_"),  # a keyword
        ("None", "none"),
        ("Client", "client_"),  # what the class has itself
        ("Root", "root_"),
        ("Int", "int_"),  # would hide types from the methods below it
        ("Dt", "dt_"),
        ("money", "money_"),
        ("Money", "money_"),
        ("_Hidden", "hidden"),
        ("__Deep", "deep"),
        ("_1", "command_1"),
    ],
)
def test_a_command_of_any_name_has_a_method(
    client: DomainClient, commands: Callable[..., Any], message: str, method: str
) -> None:
    """Named after it; with an underscore where that name is needed for something else."""
    money = "" if message == "money" else "message money {}"
    made = commands(
        f"""{ANGZARR} {STATE} {money} message {message} {{ {OWNED} int32 a = 1; }}
        message Last {{ {OWNED} int32 int = 1; money m = 2; }}"""
    )
    account = made.AccountCommands(client, ROOT)

    assert getattr(account, method)(a=5).payload.type_url == f"/{message}"
    assert account.last(int_=5).payload.type_url == "/Last"


def test_a_command_inside_another_message_is_named_after_both(
    client: DomainClient, commands: Callable[..., Any]
) -> None:
    made = commands(f"{ANGZARR} {STATE} message Order {{ message Place {{ {OWNED} }} }}")

    assert made.AccountCommands(client, ROOT).order_place().payload.type_url == "/Order.Place"


def test_types_of_other_files_are_imported(
    client: DomainClient, write: Write, load: Callable[[Path], Any], tmp_path: Path
) -> None:
    """By the names that the messages have for them, where two are called alike."""
    protos = write(
        other="package x.v1; message Money {}",
        case=f"""package y; {ANGZARR} import "other.proto"; {STATE} message Money {{}}
        message Pay {{ {OWNED} Money own = 1; x.v1.Money foreign = 2; }}""",
    )
    generate(protos, tmp_path / "out")
    made = load(tmp_path / "out" / "case_commands.py")
    account = made.AccountCommands(client, ROOT)

    assert account.pay(own=made.Money(), foreign=made.XV1Money()).payload.type_url == "/y.Pay"


@pytest.mark.parametrize(
    ("component", "name"),
    [
        ("AccountState", "Account"),
        ("Account", "Account"),
        ("State", "State"),
        ("checking_account", "CheckingAccount"),
    ],
)
def test_the_class_is_named_after_the_state_message(commands: Callable[..., Any], component: str, name: str) -> None:
    made = commands(
        f"""{ANGZARR} message {component} {{ option (io.angzarr.v1.component).domain = "x"; }}
        message Open {{ option (io.angzarr.v1.command).component = "{component}"; }}"""
    )

    assert {f"{name}Commands", f"Async{name}Commands"} <= set(dir(made))


def test_a_component_with_a_name_of_its_own_names_the_class(commands: Callable[..., Any]) -> None:
    made = commands(
        f"""{ANGZARR} message S {{ option (io.angzarr.v1.component) = {{domain: "x" name: "savings-account"}}; }}
        message Open {{ option (io.angzarr.v1.command).component = "savings-account"; }}"""
    )

    assert made.SavingsAccountCommands


def test_each_owner_has_a_class_of_its_own(client: DomainClient, commands: Callable[..., Any]) -> None:
    """A process manager takes commands too."""
    made = commands(
        f"""{ANGZARR} {STATE} message Open {{ {OWNED} }} message Flow {{
          option (io.angzarr.v1.component) = {{kind: COMPONENT_KIND_PROCESS_MANAGER domain: "flow"}}; }}
        message Start {{ option (io.angzarr.v1.command).component = "Flow"; }}"""
    )

    assert made.AccountCommands(client).open().domain == "account"
    assert made.FlowCommands(client).start().domain == "flow"


def test_a_proto_without_commands_has_no_module_of_commands(write: Write, tmp_path: Path) -> None:
    """Nothing is taken for a command because of its name."""
    generate(write(account="message OpenAccount {} message Deposit {}"), tmp_path / "out")

    assert [path.name for path in (tmp_path / "out").iterdir()] == ["account_messages.py"]


def test_messages_only_means_no_module_of_commands(write: Write, tmp_path: Path) -> None:
    protos = write(account=f"{ANGZARR} {STATE} message Open {{ {OWNED} }}")

    assert generate(protos, tmp_path, messages_only=True) == (tmp_path / "account_messages.py",)


def test_commands_named_by_hand_have_methods_and_know_their_domain(
    client: DomainClient, commands: Callable[..., Any], load: Callable[[Path], Any], tmp_path: Path
) -> None:
    """As if their options said so. Without a component, the domain names the class."""
    made = commands("package b; message Open {} message Deposit {}", commands={"savings": ["Open", "b.Deposit"]})

    assert made.SavingsCommands(client).deposit().domain == "savings"
    assert load(tmp_path / "out" / "case_messages.py").Open.__angzarr_domain__ == "savings"


def test_commands_named_by_hand_join_those_of_their_component(commands: Callable[..., Any]) -> None:
    made = commands(f"{ANGZARR} {STATE} message Open {{ {OWNED} }} message Pay {{}}", commands={"account": ["Pay"]})

    assert {"open", "pay"} <= set(dir(made.AccountCommands))


@pytest.mark.parametrize(
    ("domain", "name", "what"),
    [
        ("account", "Pay", "command Pay of domain account is no message of these files"),
        ("account", "Open", "command Open of domain account is more than one of a.Deep.Open, a.Open"),
        ("other", "Deposit", "a.Deposit belongs to domain account, not to other"),
        ("No Domain", "Note", "'No Domain' is no domain"),
        ("", "Note", "no domain"),
    ],
)
def test_what_makes_no_sense_by_hand_is_refused(
    write: Write, tmp_path: Path, domain: str, name: str, what: str
) -> None:
    body = f"""package a; {ANGZARR} {STATE} message Deposit {{ {OWNED} }} message Note {{}}
        message Open {{}} message Deep {{ message Open {{}} }}"""

    assert what in issues(write(case=body), tmp_path / "out", commands={domain: [name]})


def test_a_command_by_hand_is_one_of_the_files_to_generate(write: Write, tmp_path: Path) -> None:
    """Else nothing would be made for it, and nobody would know."""
    _, case = write(other="message Open {}", case='import "other.proto"; message A { Open open = 1; }')

    assert "command Open of domain account is no message of these files" in (
        issues([case], tmp_path / "out", commands={"account": ["Open"]})
    )


def test_two_commands_that_would_be_one_method_are_refused(write: Write, tmp_path: Path) -> None:
    body = f"{ANGZARR} {STATE} message HTTPGet {{ {OWNED} }} message HttpGet {{ {OWNED} }}"

    assert "HTTPGet and HttpGet would both be the method http_get of AccountCommands" in (
        issues(write(case=body), tmp_path / "out")
    )


def test_two_components_that_would_be_one_class_are_refused(write: Write, tmp_path: Path) -> None:
    body = f"""{ANGZARR} {STATE} message Account {{ option (io.angzarr.v1.component).domain = "other"; }}
        message A {{ {OWNED} }} message B {{ option (io.angzarr.v1.command).component = "Account"; }}"""

    assert "AccountState and Account would both have the class AccountCommands" in (
        issues(write(case=body), tmp_path / "out")
    )


@pytest.mark.parametrize("name", ["AccountCommands", "AsyncAccountCommands", "ReadyCommand", "DomainClient"])
def test_a_message_that_hides_what_the_module_needs_is_refused(write: Write, tmp_path: Path, name: str) -> None:
    body = f"{ANGZARR} {STATE} message {name} {{ {OWNED} }}"

    assert f"case.proto: a message called {name} hides" in issues(write(case=body), tmp_path / "out")


def test_a_component_whose_name_is_no_class_is_refused(write: Write, tmp_path: Path) -> None:
    body = f"""{ANGZARR} message S {{ option (io.angzarr.v1.component) = {{domain: "x" name: "2nd"}}; }}
        message Open {{ option (io.angzarr.v1.command).component = "2nd"; }}"""

    assert "case.proto: '2nd' is no name for a class: give component S another name" in (
        issues(write(case=body), tmp_path / "out")
    )


def test_a_module_that_somebody_wrote_is_not_replaced(write: Write, tmp_path: Path) -> None:
    """It may well be called so."""
    (tmp_path / "account_commands.py").write_text("by hand")
    protos = write(account=f"{ANGZARR} {STATE} message Open {{ {OWNED} }}")

    assert f"{tmp_path / 'account_commands.py'} was not generated: move it" in issues(protos, tmp_path)
    assert (tmp_path / "account_commands.py").read_text() == "by hand"


def test_check_finds_commands_that_are_not_current(write: Write, tmp_path: Path) -> None:
    before, after = (f"{ANGZARR} {STATE} message {name} {{ {OWNED} }}" for name in ("Open", "Close"))
    generate(write(account=before), tmp_path)

    assert generate(write(account=after), tmp_path, check=True) == (
        tmp_path / "account_messages.py",
        tmp_path / "account_commands.py",
    )
    assert "def open(" in (tmp_path / "account_commands.py").read_text()
