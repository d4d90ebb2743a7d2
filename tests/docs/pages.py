"""Runs a Markdown page as its reader would, from top to bottom, in an empty folder.

    ```python                 is run; all such blocks of a page share one session
    ```python file=x.py       is written to x.py instead (other languages alike: ```proto file=x.proto)
    ```console                each line after "$ " is run by a shell; the lines below it are what it prints,
                              where "..." stands for any text

Anything else is not run.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
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
    for block in blocks:
        if block.file:
            target = folder / block.file
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(block.body, "utf-8")
        elif block.language == "console":
            _run_python(session, folder)
            session.clear()
            _run_console(block, folder)
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


def _run_console(block: Block, folder: Path) -> None:
    for part in re.split(r"^\$ ", block.body, flags=re.MULTILINE)[1:]:
        command, _, expected = part.partition("\n")
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
        wanted = ".*".join(re.escape(piece) for piece in expected.strip().split("..."))
        where = f"{block.page.name}, line {block.line}: $ {command}"
        if expected.strip():
            assert re.fullmatch(wanted, done.stdout.strip(), re.DOTALL), f"{where}\nprinted\n{done.stdout}"
        else:
            assert done.returncode == 0, f"{where}\nfailed with\n{done.stdout}"
