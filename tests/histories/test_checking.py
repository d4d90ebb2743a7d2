"""Do today's classes still fold recorded streams to the recorded states? Each change that matters is found."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest

from angzarr_domain import Aggregate, aggregate, applies
from angzarr_domain.books import Cover, EventPage, Payload
from angzarr_domain.exceptions import CorruptHistory, HandlerFailed, RecordingError, UnknownEvent, UsageError
from angzarr_domain.histories import (
    Difference,
    Finding,
    Header,
    Verdict,
    check_file,
    export_history,
    record_states,
    replay_check,
)
from angzarr_domain.histories._writing import Entry, StreamBegins, lines_of, write_file
from tests.histories.recorded import ADA, BOB, HISTORIES, ledgers, pages, recorded, states
from tests.ledger import Account, Deposited, Noted, Opened, Withdrawn


@pytest.fixture(name="golden")
def _golden(tmp_path: Path) -> Path:
    """Two accounts as the ledger's class of today leaves them, after each event."""
    with ledgers() as (_, client):
        export_history(client, "ledger", tmp_path / "ledger.jsonl", components=Account, states_every=1)
    return tmp_path / "ledger.jsonl"


def write(path: Path, *streams: tuple[EventPage, ...]) -> Path:
    """A file of these streams, without states."""
    entries: list[Entry] = []
    for number, stream in enumerate(streams, 1):
        entries += [StreamBegins(Cover("ledger", UUID(int=number))), *recorded(stream)]
    write_file(path, lines_of(Header(), entries))
    return path


# What may become of the class.


@aggregate(domain="ledger", ignores=[Noted])
class Wrong(Aggregate):
    """Adds what was withdrawn."""

    owner: str = ""
    balance: int = 0

    @applies
    def opened(self, event: Opened) -> None:
        self.owner = event.owner

    @applies
    def deposited(self, event: Deposited) -> None:
        self.balance += event.amount

    @applies
    def withdrawn(self, event: Withdrawn) -> None:
        self.balance += event.amount


@aggregate(domain="ledger", ignores=[Noted, Withdrawn])
class Raising(Aggregate):
    """Has a limit that history knows nothing of."""

    owner: str = ""
    balance: int = 0

    @applies
    def opened(self, event: Opened) -> None:
        self.owner = event.owner

    @applies
    def deposited(self, event: Deposited) -> None:
        if event.amount > 100:
            raise ValueError(event.amount)
        self.balance += event.amount


@aggregate(domain="ledger", ignores=[Noted])
class Forgetful(Aggregate):
    """Has forgotten that money was ever taken out."""

    owner: str = ""
    balance: int = 0

    @applies
    def opened(self, event: Opened) -> None:
        self.owner = event.owner

    @applies
    def deposited(self, event: Deposited) -> None:
        self.balance += event.amount


@aggregate(domain="ledger", ignores=[Noted, Opened, Deposited, Withdrawn])
class Renamed(Aggregate):
    """Calls its fields otherwise."""

    holder: str = ""
    balance: float = 0.0


@aggregate(domain="ledger", ignores=[Noted, Deposited, Withdrawn])
class Unreading(Aggregate):
    """Reads a string where bytes that are no text may lie."""

    owner: str = ""
    balance: int = 0

    @applies
    def opened(self, event: Opened) -> None:
        self.owner = event.owner


@aggregate(domain="elsewhere", ignores=[Noted])
class Elsewhere(Aggregate):
    """Of another domain."""


def brief(finding: Finding) -> tuple[Verdict, UUID | None, int | None]:
    """What it comes to."""
    return finding.verdict, finding.root, finding.sequence


def test_what_did_not_change_is_found_the_same(golden: Path) -> None:
    """A finding for each stream, and the report says so."""
    report = replay_check(Account, [golden])

    assert [brief(finding) for finding in report.findings] == [(Verdict.SAME, ADA, None), (Verdict.SAME, BOB, None)]
    assert (report.ok, report.problems) == (True, ())
    assert str(report) == "2 recorded streams: 2 the recorded state"


def test_another_state_is_found_where_it_begins(golden: Path) -> None:
    """Field by field, at the first recorded state that differs; other streams are checked all the same."""
    ada, bob = check_file(golden, Wrong)

    assert brief(ada) == (Verdict.DIFFERS, ADA, 2)
    assert ada.differences == (Difference("balance", "7", "13"),)
    assert golden.read_text().splitlines()[ada.line - 1].startswith('{"state":{"sequence":2,')
    assert brief(bob) == (Verdict.SAME, BOB, None)


def test_the_text_names_file_line_stream_event_and_field(golden: Path) -> None:
    """All that is needed to look it up."""
    report = replay_check([Wrong], [golden])

    assert str(report) == (
        f"{golden}:8: ledger {ADA}: another state at event 2\n"
        "    balance: recorded 7, today 13\n"
        "2 recorded streams: 1 the recorded state; 1 another state"
    )


def test_fields_that_came_and_went_differ(golden: Path) -> None:
    """And so does a value that became another type: 0 is not 0.0."""
    (ada, _) = check_file(golden, Renamed)

    assert ada.differences == (
        Difference("owner", '"ada"', None),
        Difference("balance", "0", "0.0"),
        Difference("holder", None, '""'),
    )


def test_an_applier_that_raises_is_found(golden: Path) -> None:
    """At the event it raised at; the text of what it raised, which holds values, is not shown."""
    _, bob = check_file(golden, Raising)

    assert brief(bob) == (Verdict.APPLIER_RAISED, BOB, 2)
    assert isinstance(bob.error, HandlerFailed)
    assert str(2**62) not in str(bob)


def test_a_type_that_the_class_does_not_know_is_found(golden: Path) -> None:
    """Served, it would be skipped; whether that is right has to be said: by an applier, or in `ignores`."""
    ada, _ = check_file(golden, Forgetful)

    assert brief(ada) == (Verdict.UNKNOWN_EVENT, ADA, 2)
    assert isinstance(ada.error, UnknownEvent)
    assert ada.error.type_name == "tests.ledger.Withdrawn"


def test_an_event_that_is_not_readable_is_found(tmp_path: Path) -> None:
    """With its sequence."""
    broken = EventPage(Payload("/tests.ledger.Opened", b"\x0a\x01\xff"), 1)
    (finding,) = check_file(write(tmp_path / "a.jsonl", (*pages(Deposited(amount=1)), broken)), Unreading)

    assert brief(finding) == (Verdict.CORRUPT, ADA, 1)
    assert isinstance(finding.error, CorruptHistory)


def test_a_history_without_its_beginning_is_found(tmp_path: Path) -> None:
    """Where no snapshot stands for it."""
    (finding,) = check_file(write(tmp_path / "a.jsonl", pages(Deposited(amount=1), first=3)), Account)

    assert finding.verdict is Verdict.INCOMPLETE


def test_a_gap_further_on_folds(tmp_path: Path) -> None:
    """Engines may leave some."""
    gap = (*pages(Opened(owner="ada")), *pages(Deposited(amount=1), first=700))
    many = pages(*[Deposited(amount=1)] * 600)
    findings = check_file(write(tmp_path / "a.jsonl", gap, (*many, *pages(Noted(text="x"), first=2000))), Account)

    assert [finding.verdict for finding in findings] == [Verdict.FOLDS, Verdict.FOLDS]


def test_what_has_no_state_is_folded_only(tmp_path: Path) -> None:
    """That is no problem, and the report says it."""
    report = replay_check(Account, [write(tmp_path / "a.jsonl", HISTORIES[ADA])])

    assert report.ok
    assert str(report) == "1 recorded stream: 1 folds, but no state was recorded to compare it with"


def test_a_domain_of_none_of_the_classes_is_a_problem(golden: Path) -> None:
    """A stream that nobody checks must not pass."""
    assert [finding.verdict for finding in check_file(golden, Elsewhere)] == [Verdict.UNKNOWN_DOMAIN] * 2


def test_nothing_to_check_says_so() -> None:
    """Such as when a pattern of names matched nothing."""
    assert str(replay_check(Account, [])) == "0 recorded streams: nothing to check"


def test_two_classes_of_one_domain_are_refused(golden: Path) -> None:
    """Nobody could tell which of them is today's."""
    with pytest.raises(UsageError, match="ledger is given twice"):
        check_file(golden, [Account, Wrong])


# --- recording states anew ---


def test_states_are_recorded_anew_on_purpose(golden: Path) -> None:
    """After the same events as before; then the check agrees, and the events are what they were."""
    before = golden.read_text()

    assert record_states(golden, Wrong) is True
    assert replay_check(Wrong, [golden]).ok
    assert [sequence for sequence, _ in states(golden)] == [0, 1, 2] * 2
    assert record_states(golden, Account) is True
    assert golden.read_text() == before


def test_recording_the_same_states_changes_nothing(golden: Path) -> None:
    """So that version control shows what did change."""
    assert record_states(golden, Account) is False


@pytest.mark.parametrize(("every", "expected"), [(0, [2, 2]), (1, [0, 1, 2] * 2), (2, [1, 2] * 2), (9, [2, 2])])
def test_how_often_is_for_the_recorder_to_say(golden: Path, every: int, expected: list[int]) -> None:
    """After every so many events, and always after the last."""
    record_states(golden, Account, states_every=every)

    assert [sequence for sequence, _ in states(golden)] == expected


def test_a_stream_that_does_not_fold_keeps_its_states(golden: Path) -> None:
    """Nothing is recorded by halves: the file stays as it is, and nothing lies beside it."""
    before = golden.read_bytes()
    with pytest.raises(HandlerFailed):
        record_states(golden, Raising)

    assert golden.read_bytes() == before
    assert [path.name for path in golden.parent.iterdir()] == ["ledger.jsonl"]


def test_states_of_another_domain_are_not_dropped(golden: Path) -> None:
    """A class is missing from the list; the text says which domains there are."""
    with pytest.raises(UsageError, match=r"owns domain ledger; theirs are elsewhere"):
        record_states(golden, Elsewhere)


def test_a_damaged_file_is_not_checked(golden: Path) -> None:
    """It says nothing about the classes."""
    golden.write_bytes(golden.read_bytes()[:-50])
    with pytest.raises(RecordingError):
        replay_check(Account, [golden])
