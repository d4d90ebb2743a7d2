"""From .proto files to modules, as a user calls it: what is written, where, and what stops it."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorSet

from angzarr_domain.codegen import generate
from angzarr_domain.codegen._protoc import describe
from angzarr_domain.exceptions import GenerationError
from angzarr_domain.wire import PayloadCodec
from tests.shop.compiled import DESCRIBED, HERE, PROTOS

Write = Callable[..., list[Path]]
Make = Callable[[str], Any]
PROJECT = Path(__file__).resolve().parents[2]
ANGZARR = 'import "io/angzarr/v1/options.proto";'


def issues(protos: list[Path], out: Path, **options: Any) -> str:
    with pytest.raises(GenerationError) as refused:
        generate(protos, out, **options)
    assert not out.exists() or not list(out.rglob("*_messages.py")), "something was written"
    return str(refused.value)


def test_the_committed_modules_are_what_the_generator_makes() -> None:
    """Whichever grpcio-tools these tests run with: the output does not depend on its version."""
    assert generate(PROTOS, HERE, check=True) == ()


def test_the_committed_descriptors_are_what_protoc_makes() -> None:
    """But for source positions and what one protoc adds to its own files and another does not."""

    def ours(serialized: bytes) -> dict[str, Any]:
        found = {file.name: file for file in FileDescriptorSet.FromString(serialized).file}
        for file in found.values():
            file.ClearField("source_code_info")
        return {path.name: found[path.name] for path in PROTOS}

    assert ours(DESCRIBED.read_bytes()) == ours(describe(PROTOS, [])[1])


def test_what_was_written_is_current(write: Write, tmp_path: Path) -> None:
    protos = write(account="message Open {}")

    assert generate(protos, tmp_path) == (tmp_path / "account_messages.py",)
    assert generate(protos, tmp_path, check=True) == ()
    assert generate(protos, tmp_path) == ()


def test_check_writes_nothing(write: Write, tmp_path: Path) -> None:
    stale = tmp_path / "account_messages.py"
    stale.write_text("by hand")

    assert generate(write(account="message Open {}"), tmp_path, check=True) == (stale,)
    assert stale.read_text() == "by hand"


def test_no_temporary_file_is_left(write: Write, tmp_path: Path) -> None:
    generate(write(account="message Open {}"), tmp_path / "out")

    assert [path.name for path in (tmp_path / "out").iterdir()] == ["account_messages.py"]


def test_a_file_below_an_include_folder_keeps_its_path(write: Write, tmp_path: Path) -> None:
    """As its imports name it."""
    protos = write(
        bank__v1__account='import "bank/v1/money.proto"; message A { Money m = 1; }',
        bank__v1__money="message Money {}",
    )

    written = generate(protos, tmp_path / "out", include=[tmp_path])

    assert [path.relative_to(tmp_path / "out").as_posix() for path in written] == [
        "bank/v1/account_messages.py",
        "bank/v1/money_messages.py",
    ]
    assert "from bank.v1.money_messages import Money" in written[0].read_text()


def test_modules_in_a_package_import_each_other_relatively(write: Write, tmp_path: Path) -> None:
    (tmp_path / "__init__.py").touch()
    protos = write(
        a__one='package a; import "b/two.proto"; import "a/three.proto"; message One { b.Two b = 1; Three c = 2; }',
        b__two="package b; message Two {}",
        a__three="package a; message Three {}",
    )

    one = generate(protos, tmp_path, include=[tmp_path])[0].read_text()

    assert "from ..b.two_messages import Two" in one
    assert "from .three_messages import Three" in one


def test_names_of_two_packages_may_be_the_same(write: Write, tmp_path: Path, load: Callable[[Path], Any]) -> None:
    protos = write(
        other="package x.v1; message Money {} enum Kind { NONE = 0; }",
        case='package y; import "other.proto"; message Money { x.v1.Money foreign = 1; x.v1.Kind kind = 2; }',
    )
    _, case = map(load, generate(protos, tmp_path / "out"))
    message = case.Money(foreign=case.XV1Money(), kind=case.Kind(0))

    assert PayloadCodec([case.Money]).decode_known(PayloadCodec().encode(message)) == message


def test_an_import_that_was_never_generated_is_named(write: Write, tmp_path: Path) -> None:
    """Else the first import of the module would fail, in the hands of somebody else."""
    one, _ = write(one='import "two.proto"; message One { Two two = 1; }', two="message Two {}")

    assert "one.proto imports two.proto" in issues([one], tmp_path / "out")


def test_an_import_that_was_generated_before_is_fine(write: Write, tmp_path: Path) -> None:
    one, two = write(one='import "two.proto"; message One { Two two = 1; }', two="message Two {}")
    generate([two], tmp_path)

    assert generate([one], tmp_path) == (tmp_path / "one_messages.py",)


def test_a_file_given_twice_is_generated_once(write: Write, tmp_path: Path) -> None:
    protos = write(account="message Open {}")

    assert len(generate(protos * 2, tmp_path)) == 1


def test_files_of_one_name_in_two_folders_are_refused(write: Write, tmp_path: Path) -> None:
    """Neither is left out silently."""
    said = issues(write(a__x="package a; message A {}", b__x="package b; message B {}"), tmp_path / "out")

    assert f"{tmp_path / 'b/x.proto'} and {tmp_path / 'a/x.proto'} are both known as x.proto" in said


def test_a_file_hidden_by_one_of_an_include_folder_is_refused(write: Write, tmp_path: Path) -> None:
    """Protoc would read the other one."""
    hidden, _ = write(b__x="package b; message B {}", inc__x="package a; message A {}")
    said = issues([hidden], tmp_path / "out", include=[tmp_path / "inc"])

    assert f"{hidden} and {tmp_path / 'inc/x.proto'} are both known as x.proto: rename one" in said


def test_without_include_the_order_of_files_changes_nothing(write: Write, tmp_path: Path) -> None:
    """Modules go straight into the folder, even if one file lies below another's folder."""
    protos = write(d__outer="package a; message A {}", d__sub__inner="package b; message B {}")
    outer, inner = tmp_path / "out" / "outer_messages.py", tmp_path / "out" / "inner_messages.py"

    assert generate(protos, tmp_path / "out", check=True) == (outer, inner)
    assert generate(protos[::-1], tmp_path / "out", check=True) == (inner, outer)


def test_a_file_that_is_not_utf_8_is_named_with_its_line(write: Write, tmp_path: Path) -> None:
    """Protoc lets it pass in comments."""
    (path,) = write(account="message A {}")
    path.write_bytes(b'syntax = "proto3";\n// Gr\xf6\xdfe\nmessage A {}\n')

    assert f"{path}:2: is not UTF-8" in issues([path], tmp_path / "out")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    assert f"{tmp_path / 'account.proto'}: no such file" in issues([tmp_path / "account.proto"], tmp_path / "out")


def test_a_missing_include_folder_is_named(write: Write, tmp_path: Path) -> None:
    said = issues(write(account=""), tmp_path / "out", include=[tmp_path / "nowhere"])

    assert f"{tmp_path / 'nowhere'}: no such folder" in said


def test_no_file_at_all_is_an_error(tmp_path: Path) -> None:
    assert "no .proto file" in issues([], tmp_path / "out")


def test_protocs_own_words_are_shown_with_file_and_line(write: Write, tmp_path: Path) -> None:
    said = issues(write(broken="message A {}\nmessage B { int33 b = 1; }"), tmp_path / "out")

    assert 'broken.proto:3:13: "int33" is not defined.' in said


def test_one_bad_file_keeps_all_from_being_written(write: Write, tmp_path: Path) -> None:
    good, bad = write(good="message A {}", bad="message B { google.protobuf.Any any = 1; }")
    bad.write_text('syntax = "proto3"; import "google/protobuf/any.proto"; message B { google.protobuf.Any any = 1; }')

    assert "B.any: google.protobuf.Any is not supported" in issues([good, bad], tmp_path / "out")


def test_a_folder_that_cannot_be_written_is_named(write: Write, tmp_path: Path) -> None:
    protos = write(account="message A {}")
    (tmp_path / "out").write_text("a file")

    assert str(tmp_path / "out") in issues(protos, tmp_path / "out")


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("any.Any", "oneof"),
        ("empty.Empty", "an empty message of your own"),
        ("struct.Struct", "JSON"),
        ("struct.Value", "JSON"),
        ("struct.ListValue", "JSON"),
        ("field_mask.FieldMask", "repeated string"),
        ("wrappers.Int64Value", "optional int64"),
        ("wrappers.StringValue", "optional string"),
    ],
)
def test_a_well_known_type_that_is_not_supported_names_field_and_remedy(
    write: Write, tmp_path: Path, name: str, remedy: str
) -> None:
    file, _, message = name.partition(".")
    body = f'import "google/protobuf/{file}.proto"; message A {{ repeated google.protobuf.{message} value = 1; }}'
    said = issues(write(a=body), tmp_path / "out")

    assert f"A.value: google.protobuf.{message} is not supported" in said
    assert remedy in said


def test_an_unsupported_value_of_a_map_is_named_too(write: Write, tmp_path: Path) -> None:
    body = 'import "google/protobuf/any.proto"; message A { map<string, google.protobuf.Any> values = 1; }'

    assert "A.values: google.protobuf.Any is not supported" in issues(write(a=body), tmp_path / "out")


def test_an_envelope_of_the_protocol_is_no_part_of_a_message(write: Write, tmp_path: Path) -> None:
    body = 'import "io/angzarr/v1/types.proto"; message A { io.angzarr.v1.Cover cover = 1; }'

    assert "A.cover: io.angzarr.v1.Cover is not supported" in issues(write(a=body), tmp_path / "out")


def test_every_issue_is_listed_at_once(write: Write, tmp_path: Path) -> None:
    body = 'import "google/protobuf/any.proto"; message A { google.protobuf.Any a = 1; google.protobuf.Any b = 2; }'
    said = issues(write(a=body), tmp_path / "out")

    assert ("A.a:" in said, "A.b:" in said) == (True, True)


def test_another_syntax_than_proto3_is_refused(write: Write, tmp_path: Path) -> None:
    """Presence, defaults and closed enums work differently there."""
    protos = write(syntax="proto2", old="message A { required int32 a = 1; optional group B = 2 {} }")

    assert 'old.proto: only syntax = "proto3" is generated, not proto2' in issues(protos, tmp_path / "out")


def test_an_edition_is_refused(write: Write, tmp_path: Path) -> None:
    (path,) = write(new="")
    path.write_text('edition = "2023"; message A {}')

    assert 'new.proto: only syntax = "proto3" is generated, not editions' in issues([path], tmp_path / "out")


@pytest.mark.parametrize("name", ["2nd", "class__account"])
def test_a_file_whose_module_could_not_be_imported_is_refused(write: Write, tmp_path: Path, name: str) -> None:
    said = issues(write(**{name: "message A {}"}), tmp_path / "out", include=[tmp_path])

    assert "is no name for a Python module" in said


def test_two_files_that_would_be_one_module_are_refused(write: Write, tmp_path: Path) -> None:
    (one,) = write(a_b="package a; message A {}")
    two = one.with_name("a-b.proto")
    two.write_text('syntax = "proto3"; package b; message A {}')

    assert "a_b.proto and a-b.proto would both be a_b_messages.py" in issues([one, two], tmp_path / "out")


def test_two_messages_that_would_be_one_class_are_refused(write: Write, tmp_path: Path) -> None:
    said = issues(write(a="package x; message Order { message Line {} } message OrderLine {}"), tmp_path / "out")

    assert "a.proto: x.Order.Line and x.OrderLine would both be the class OrderLine" in said


def test_a_module_loads_neither_protobuf_nor_grpc() -> None:
    program = (
        "import sys, tests.shop.orders_messages; print({'google.protobuf', 'grpc'} & sys.modules.keys() or 'neither')"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "neither"


@pytest.mark.parametrize("name", ["bank.v1.AccountState", "AccountState", "account"])
def test_a_command_knows_the_domain_of_its_component(module: Make, name: str) -> None:
    """The component is named in full, as in the same package, or as its own option says."""
    own_name = 'name: "account"' if name == "account" else ""
    made = module(
        f"""package bank.v1; {ANGZARR}
        message AccountState {{ option (io.angzarr.v1.component) = {{domain: "account" {own_name}}}; }}
        message Open {{ option (io.angzarr.v1.command).component = "{name}"; }}
        message Opened {{ option (io.angzarr.v1.event) = {{component: "x"}}; }}"""
    )

    assert made.Open.__angzarr_domain__ == "account"
    assert not hasattr(made.Opened, "__angzarr_domain__")


def test_a_component_without_a_domain_gives_its_commands_none(module: Make) -> None:
    made = module(
        f"""{ANGZARR} message S {{ option (io.angzarr.v1.component).kind = COMPONENT_KIND_SAGA; }}
        message C {{ option (io.angzarr.v1.command).component = "S"; }}"""
    )

    assert not hasattr(made.C, "__angzarr_domain__")


def test_a_domain_is_text_even_with_quotes_in_it(module: Make) -> None:
    made = module(
        f"""{ANGZARR} message S {{ option (io.angzarr.v1.component).domain = "a\\"b\\\\"; }}
        message C {{ option (io.angzarr.v1.command).component = "S"; }}"""
    )

    assert made.C.__angzarr_domain__ == 'a"b\\'


def test_a_command_of_an_unknown_component_lists_the_known_ones(write: Write, tmp_path: Path) -> None:
    body = f"""package bank; {ANGZARR}
        message State {{ option (io.angzarr.v1.component).domain = "account"; }}
        message Open {{ option (io.angzarr.v1.command).component = "Stat"; }}"""
    said = issues(write(a=body), tmp_path / "out")

    assert "bank.Open belongs to component 'Stat', which is nothing; components here: bank.State" in said


def test_a_command_of_an_ambiguous_component_lists_the_candidates(write: Write, tmp_path: Path) -> None:
    state = f'{ANGZARR} message State {{ option (io.angzarr.v1.component).domain = "account"; }}'
    protos = write(
        a=f"package a; {state}",
        b=f"package b; {state}",
        c=f"""{ANGZARR} import "a.proto"; import "b.proto";
        message Open {{ option (io.angzarr.v1.command).component = "State"; }}""",
    )

    assert "Open belongs to component 'State', which is more than one of a.State, b.State" in (
        issues(protos, tmp_path / "out")
    )
