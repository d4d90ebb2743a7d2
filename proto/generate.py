"""Compile the protocol's .proto files into `angzarr_domain/wire/pb/`; with --check, only compare.

    python proto/generate.py            # needs the extra `codegen`
    python proto/generate.py --check    # exit status 1 and the names of what differs

What is written does not depend on the version of protoc: one serialized FileDescriptorSet without source
positions and JSON names, the classes' names and types, and copies of the .proto files for users' protoc.
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet
from stubs import runtime_module, stub_module

HERE = Path(__file__).resolve().parent
TARGET = HERE.parent / "angzarr_domain" / "wire" / "pb"
SOURCES = ("angzarr_domain/v1", "google/rpc", "io/angzarr/v1", "sererr/v1")
OLDER = ("released", "interim")  # one folder, descriptor set and module for each older generation
FOR_USERS = ("angzarr_domain/v1", "io/angzarr/v1", "sererr/v1")  # their own google/rpc is theirs
OURS = "angzarr_domain/"  # run-time file names start with it: no other library registers such names


def main() -> int:
    """Write the generated files, or compare them with what is there."""
    parser = argparse.ArgumentParser(description="Compile proto/ into angzarr_domain/wire/pb/.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when something differs")
    wanted = generated(compiled(sources(SOURCES)))
    for name in OLDER:
        wanted |= generated_older(name, compiled(sources((name,))))
    if parser.parse_args().check:
        return check(wanted)
    for path in sorted(existing() - wanted.keys()):
        (TARGET / path).unlink()
    for path, content in wanted.items():
        (TARGET / path).parent.mkdir(parents=True, exist_ok=True)
        (TARGET / path).write_bytes(content)
    print(f"{len(wanted)} files in {TARGET}")
    return 0


def sources(folders: tuple[str, ...]) -> list[str]:
    """Names of the .proto files in these folders, as protoc knows them."""
    found = [path for folder in folders for path in sorted((HERE / folder).glob("*.proto"))]
    return [path.relative_to(HERE).as_posix() for path in found]


def compiled(names: list[str]) -> FileDescriptorSet:
    """What protoc makes of these files: dependencies first, the well-known ones left out."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder, "set")
        protoc = [sys.executable, "-m", "grpc_tools.protoc", f"--proto_path={HERE}"]
        command = [*protoc, f"--descriptor_set_out={output}", *names]
        subprocess.run(command, check=True)  # noqa: S603 - our own files and this interpreter
        described = FileDescriptorSet.FromString(output.read_bytes())
    by_name = {file.name: file for file in described.file}
    return FileDescriptorSet(file=[normalised(file) for file in _dependencies_first(by_name)])


def _dependencies_first(files: Mapping[str, FileDescriptorProto]) -> Iterator[FileDescriptorProto]:
    done: set[str] = set()

    def visit(name: str) -> Iterator[FileDescriptorProto]:
        if name in done or name not in files:
            return
        done.add(name)
        for dependency in sorted(files[name].dependency):
            yield from visit(dependency)
        yield files[name]

    for name in sorted(files):
        yield from visit(name)


def normalised(file: FileDescriptorProto) -> FileDescriptorProto:
    """The file under its run-time name, without what differs from one protoc to the next."""
    result = FileDescriptorProto()
    result.CopyFrom(file)
    result.name = OURS + file.name
    result.dependency[:] = [_run_time_name(name) for name in file.dependency]
    result.ClearField("source_code_info")
    pending = list(result.message_type)
    while pending:
        message = pending.pop()
        pending.extend(message.nested_type)
        for field in message.field:
            field.ClearField("json_name")
    for extension in result.extension:
        extension.ClearField("json_name")
    return result


def _run_time_name(name: str) -> str:
    return name if name.startswith("google/protobuf/") else OURS + name


def generated(protocol: FileDescriptorSet) -> dict[str, bytes]:
    """Content of every generated file, by its name below the target folder."""
    copies = {f"include/{name}": (HERE / name).read_bytes() for name in sources(FOR_USERS)}
    return {
        "protocol.binpb": protocol.SerializeToString(deterministic=True),
        "messages.py": runtime_module(protocol).encode(),
        "messages.pyi": stub_module(protocol).encode(),
        **copies,
    }


def generated_older(name: str, protocol: FileDescriptorSet) -> dict[str, bytes]:
    """The same of an older generation, which users' protoc has no need of."""
    return {
        f"{name}.binpb": protocol.SerializeToString(deterministic=True),
        f"{name}.py": runtime_module(protocol, well_known=False).encode(),
        f"{name}.pyi": stub_module(protocol, well_known=False).encode(),
    }


def existing() -> set[str]:
    """Names of the files in the target folder that this program owns."""
    found = {path.relative_to(TARGET).as_posix() for path in TARGET.rglob("*") if path.is_file()}
    return {name for name in found if name != "__init__.py" and not name.endswith(".pyc")}


def check(wanted: Mapping[str, bytes]) -> int:
    """Compare; 0 when the generated files are current, else 1."""
    there = existing()
    problems = [f"not generated: {name}" for name in sorted(there - wanted.keys())]
    problems += [f"missing: {name}" for name in sorted(wanted.keys() - there)]
    shared = sorted(there & wanted.keys())
    problems += [f"differs: {name}" for name in shared if (TARGET / name).read_bytes() != wanted[name]]
    if problems:
        lines = [f"{TARGET} does not match proto/:", *problems, "run: python proto/generate.py"]
        print("\n  ".join(lines), file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    raise SystemExit(main())
