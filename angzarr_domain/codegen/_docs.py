"""Comments of a .proto as Python docstrings."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence

_WIDTH = 88


def one_line(comment: str) -> str:
    """A comment's text on one line."""
    return " ".join(comment.split())


def comment_lines(comment: str, *, indent: str) -> list[str]:
    """A comment as Python comments of their own."""
    prefix = f"{indent}# "
    return textwrap.wrap(
        one_line(comment), _WIDTH, initial_indent=prefix, subsequent_indent=prefix, break_long_words=False
    )


def docstring(
    text: str, more: Sequence[str], *, indent: str, attributes: Sequence[tuple[str, str]] = ()
) -> Iterator[str]:
    """A docstring's lines: the first sentence alone, then the rest, then the attributes with their comments."""
    summary, rest = _summary(text)
    paragraphs = [p for p in [*rest, *(p for part in more for p in _paragraphs(part))] if p]
    body = [line for paragraph in paragraphs for line in ("", *paragraph.splitlines())]
    if attributes:
        body += ["", "Attributes:", *(line for name, doc in attributes for line in _attribute(name, doc)), ""]
    summary, *body = [line.replace('"""', "'''") for line in (summary, *body)]
    raw = "r" if any("\\" in line for line in (summary, *body)) else ""
    lines = [f'{raw}"""{summary}', *body]
    if body:
        lines.append('"""')
    else:
        lines[-1] += ' """' if lines[-1].endswith('"') else '"""'
    yield from (f"{indent}{line}".rstrip() for line in lines)


def _summary(text: str) -> tuple[str, list[str]]:
    first, *others = _paragraphs(text)
    joined = one_line(first)
    sentence = re.match(r".*?[.!?](?=\s|$)", joined)
    summary = sentence.group() if sentence else f"{joined}."
    rest = joined[len(summary) :].strip()
    return summary[0].upper() + summary[1:], [*([_filled(rest)] if rest else []), *others]


def _paragraphs(text: str) -> list[str]:
    cleaned = textwrap.dedent("\n".join(line.rstrip() for line in text.strip("\n").splitlines()))
    return [part.strip("\n") for part in re.split(r"\n\s*\n", cleaned) if part.strip()]


def _attribute(name: str, doc: str) -> list[str]:
    return textwrap.wrap(
        f"{name}: {one_line(doc)}",
        _WIDTH - 4,
        initial_indent="    ",
        subsequent_indent="        ",
        break_long_words=False,
    )


def _filled(text: str) -> str:
    return textwrap.fill(text, _WIDTH - 4, break_long_words=False, break_on_hyphens=False)
