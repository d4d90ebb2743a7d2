"""`python -m angzarr_domain describe`."""

from __future__ import annotations

import json

import pytest

from angzarr_domain import describe
from angzarr_domain.cli import main
from examples.bank import components
from examples.bank.account import Account


def test_it_prints_the_catalogue_of_each(capsys: pytest.CaptureFixture[str]) -> None:
    """As text unless told otherwise."""
    assert main(["describe", "examples.bank:components"]) == 0
    assert capsys.readouterr().out == "\n".join(describe(component).text() for component in components)


def test_one_class_may_be_named(capsys: pytest.CaptureFixture[str]) -> None:
    """Instead of a list."""
    assert main(["describe", "examples.bank.account:Account"]) == 0
    assert capsys.readouterr().out == describe(Account).text()


def test_charts_are_a_page_of_markdown(capsys: pytest.CaptureFixture[str]) -> None:
    """A heading and a chart for each class, as GitHub draws them."""
    assert main(["describe", "examples.bank.account:Account", "--format", "mermaid"]) == 0
    assert capsys.readouterr().out == f"## Account\n\n```mermaid\n{describe(Account).mermaid()}```\n"


def test_json_is_a_list(capsys: pytest.CaptureFixture[str]) -> None:
    """Of one catalogue for each class."""
    assert main(["describe", "examples.bank:components", "--format", "json"]) == 0
    assert [each["name"] for each in json.loads(capsys.readouterr().out)] == [each.__name__ for each in components]


def test_what_is_not_there_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """Saying what could be described instead."""
    assert main(["describe", "examples.bank:nothing"]) == 2
    assert "components" in capsys.readouterr().err
