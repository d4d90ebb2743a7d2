"""Our schemas beside other libraries' in one process."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import attr
import attrs
import cattrs
import pytest

PROJECT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.process

OURS = """
from angzarr_domain import books
from angzarr_domain.wire import INTERIM, METHODS, NOTIFICATION, RELEASED

def check_ours():
    page = books.EventPage(NOTIFICATION.pack(books.Notification(sent_at_ns=5)), sequence=0, created_at_ns=7)
    book = books.EventBook(books.Cover("account"), (page,))
    for table in (METHODS, RELEASED, INTERIM):
        method = table.get_event_book
        assert method.decode_response(method.encode_response(book)) == book

check_ours()
"""

# Another library's io.angzarr.v1, and its angzarr: same file names, same message names, other fields.
STRANGER = """
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

for package in ("io.angzarr.v1", "angzarr", "angzarr_client.proto.angzarr.v1"):
    file = descriptor_pb2.FileDescriptorProto(
        name=package.replace(".", "/") + "/types.proto", package=package, syntax="proto3"
    )
    for name in ("Cover", "EventBook", "EventPage", "Notification"):
        message = file.message_type.add(name=name)
        message.field.add(name="theirs", number=1, type=9, label=1)
    descriptor_pool.Default().AddSerializedFile(file.SerializeToString())

def check_stranger():
    found = descriptor_pool.Default().FindMessageTypeByName("io.angzarr.v1.Cover")
    cover = message_factory.GetMessageClass(found)(theirs="x")
    assert cover.SerializeToString() == b"\\x0a\\x01x"

check_stranger()
"""

CLIENT = """
import angzarr_client
from angzarr_client.proto.angzarr import types_pb2

def check_client():
    cover = types_pb2.Cover(domain="account")
    assert types_pb2.Cover.FromString(cover.SerializeToString()).domain == "account"

check_client()
"""


# The released package too, with other fields, and our schema of it against theirs where both say something.
COMPARISON = """
from angzarr_client.proto.angzarr import command_handler_pb2, query_pb2, types_pb2
from angzarr_domain.wire import POOL

for module in (types_pb2, command_handler_pb2, query_pb2):
    file = module.DESCRIPTOR
    for name, theirs in file.message_types_by_name.items():
        try:
            ours = POOL.FindMessageTypeByName(theirs.full_name)
        except KeyError:
            continue
        for field in theirs.fields:
            mine = ours.fields_by_number[field.number]
            if (name, field.number) == ("EventPage", 6):
                continue  # named by its opposite there, and read by nobody
            assert (mine.name, mine.type, mine.label) == (field.name, field.type, field.label), mine.full_name
    for name, theirs in file.enum_types_by_name.items():
        ours = POOL.FindEnumTypeByName(theirs.full_name)
        assert [(v.name, v.number) for v in ours.values] == [(v.name, v.number) for v in theirs.values]
    for name, theirs in file.services_by_name.items():
        ours = POOL.FindServiceByName(theirs.full_name)
        for method in theirs.methods:
            mine = ours.methods_by_name[method.name]
            assert mine.input_type.full_name == method.input_type.full_name
            assert mine.output_type.full_name == method.output_type.full_name
"""


def run(python: str, *programs: str) -> subprocess.CompletedProcess[str]:
    """The programs one after the other in one process; the checks of the first once more at the end."""
    checks = ("check_ours", "check_stranger", "check_client")
    again = [f"{check}()" for check in checks if check in "".join(programs)]
    command = [python, "-W", "error", "-c", "\n".join([*programs, *again])]
    return subprocess.run(command, check=False, capture_output=True, text=True, cwd=PROJECT)


@pytest.fixture(name="beside", scope="module")
def _beside(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The Python of an environment that has angzarr-client and what this package needs for its schemas."""
    if python := os.environ.get("ANGZARR_TEST_BESIDE_CLIENT", ""):
        yield python
        return
    theirs: Path = request.getfixturevalue("theirs")
    folder = tmp_path_factory.mktemp("beside")
    for package in (attr, attrs, cattrs):
        (folder / package.__name__).symlink_to(package.__path__[0])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(folder))
        yield str(theirs)


@pytest.mark.parametrize("programs", [(OURS, STRANGER), (STRANGER, OURS)], ids=["ours first", "theirs first"])
def test_another_schema_of_the_same_name_does_no_harm(programs: tuple[str, ...]) -> None:
    """A library that registers a different io.angzarr.v1 in the default pool, before us or after."""
    result = run(sys.executable, *programs)

    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.once
@pytest.mark.parametrize("programs", [(OURS, CLIENT), (CLIENT, OURS)], ids=["ours first", "theirs first"])
def test_the_released_client_works_in_the_same_process(beside: str, programs: tuple[str, ...]) -> None:
    """angzarr-client of the released protocol, imported before us or after."""
    result = run(beside, *programs)

    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.once
def test_our_schema_of_the_released_protocol_is_theirs(beside: str) -> None:
    """Names, numbers and kinds of fields, enums and methods, wherever both have them."""
    result = run(beside, COMPARISON)

    assert (result.returncode, result.stderr) == (0, "")


def test_our_files_fit_into_the_default_pool() -> None:
    """Where a tool puts them there: beside a stranger's files of the public names, since ours have names of our own."""
    program = """
from google.protobuf import any_pb2, descriptor_pb2, descriptor_pool, timestamp_pb2
from pathlib import Path
import angzarr_domain.wire._pool as ours

default = descriptor_pool.Default()
names = ["io/angzarr/v1/types.proto", "angzarr/types.proto", "sererr/v1/sererr.proto", "google/rpc/status.proto"]
for name in names:
    default.AddSerializedFile(descriptor_pb2.FileDescriptorProto(name=name).SerializeToString())
for name in ours._SETS:
    data = (Path(ours.__file__).parent / "pb" / name).read_bytes()
    for file in descriptor_pb2.FileDescriptorSet.FromString(data).file:
        default.AddSerializedFile(file.SerializeToString())
default.FindMessageTypeByName("io.angzarr.v1.EventBook")
default.FindMessageTypeByName("angzarr.EventBook")
"""
    result = run(sys.executable, program)

    assert (result.returncode, result.stderr) == (0, "")
