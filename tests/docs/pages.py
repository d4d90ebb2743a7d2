"""Runs a Markdown page as its reader would, from top to bottom, in an empty folder.

    ```python                 is run; all such blocks of a page share one session
    ```python file=x.py       is written to x.py instead (other languages alike: ```proto file=x.proto)
    ```console                each line after "$ " is run by a shell; the lines below it are what it prints,
                              where "..." stands for any text. A command that ends in " &" goes on until the
                              page ends; the next one waits for what it is to print

Anything else is not run.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import attrs

_FENCE = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)


@attrs.frozen
class Block:
    """One fenced block of a page."""

    page: Path
    line: int
    language: str
    file: str
    body: str


def blocks_of(page: Path) -> list[Block]:
    """The blocks of a page that do something, in order."""
    text = page.read_text("utf-8")
    found: list[Block] = []
    for match in _FENCE.finditer(text):
        language, _, rest = match["info"].strip().partition(" ")
        file = rest.removeprefix("file=") if rest.startswith("file=") else ""
        if file or language in {"python", "console"}:
            found.append(Block(page, text.count("\n", 0, match.start()) + 1, language, file, match["body"]))
    return found


def run_page(page: Path, folder: Path) -> int:
    """Run it; how many blocks did something. AssertionError where the page is not true."""
    blocks = blocks_of(page)
    session: list[Block] = []
    with ExitStack() as background:
        for block in blocks:
            if block.file:
                target = folder / block.file
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(block.body, "utf-8")
            elif block.language == "console":
                _run_python(session, folder)
                session.clear()
                _run_console(block, folder, background)
            else:
                session.append(block)
        _run_python(session, folder)
    return len(blocks)


def _environment(folder: Path) -> dict[str, str]:
    scripts = str(Path(sys.executable).parent)
    path = f"{scripts}{os.pathsep}{os.environ.get('PATH', '')}"
    return {**os.environ, "PATH": path, "PYTHONPATH": str(folder), "PYTHONUNBUFFERED": "1"}


def _run_python(session: list[Block], folder: Path) -> None:
    if not session:
        return
    # Padded to its own line, so that a traceback names the line of the page.
    page, source, at = session[0].page, "", 0
    for block in session:
        source += "\n" * (block.line - at) + block.body
        at = block.line + block.body.count("\n")
    script = f"import sys; exec(compile(sys.stdin.read(), {page.name!r}, 'exec'), {{'__name__': '__main__'}})"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        input=source,
        cwd=folder,
        env=_environment(folder),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, f"{page.name}, line {session[0].line}:\n{done.stdout}{done.stderr}"


def _run_console(block: Block, folder: Path, background: ExitStack) -> None:
    for part in re.split(r"^\$ ", block.body, flags=re.MULTILINE)[1:]:
        command, _, expected = part.partition("\n")
        pattern = ".*".join(re.escape(piece) for piece in expected.strip().split("..."))
        where = f"{block.page.name}, line {block.line}: $ {command}"
        if command.endswith(" &"):
            _start(command.removesuffix(" &"), pattern, where, folder, background)
            continue
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=folder,
            env=_environment(folder),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
        )
        if expected.strip():
            assert re.fullmatch(pattern, done.stdout.strip(), re.DOTALL), f"{where}\nprinted\n{done.stdout}"
        else:
            assert done.returncode == 0, f"{where}\nfailed with\n{done.stdout}"


def _start(command: str, pattern: str, where: str, folder: Path, background: ExitStack) -> None:
    printed = folder / f".printed-{len(list(folder.glob('.printed-*')))}"
    with printed.open("w") as output:
        process = subprocess.Popen(
            ["bash", "-c", f"exec {command}"], cwd=folder, env=_environment(folder), stdout=output, stderr=output
        )
    background.callback(process.wait, 30)
    background.callback(process.terminate)
    deadline = time.monotonic() + 30
    while not re.search(pattern, printed.read_text(), re.DOTALL):
        assert process.poll() is None, f"{where}\nended with\n{printed.read_text()}"
        assert time.monotonic() < deadline, f"{where}\nprinted\n{printed.read_text()}"
        time.sleep(0.05)
