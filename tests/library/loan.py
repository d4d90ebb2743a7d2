"""The aggregate of domain `loan`."""

from __future__ import annotations

from collections.abc import Iterable

from angzarr_domain import (
    Aggregate,
    Escalation,
    Refused,
    Rejected,
    Undo,
    accepts,
    aggregate,
    applies,
    compensates,
    handles,
    undoes,
)

from .loan_messages import (
    Borrow,
    Borrowed,
    Charge,
    Damaged,
    Exists,
    Remind,
    Return,
    Returned,
)
from .loan_messages import Rejected as LibraryV1Rejected


@aggregate(domain="loan")
class Loan(Aggregate):
    """A copy of a book, and who has it."""

    # The state: fields that have a default, such as `balance: int = 0`.

    @handles
    def borrow(self, command: Borrow) -> Borrowed:
        """Take a copy home."""
        raise Rejected("NOT_IMPLEMENTED", f"{type(command).__name__} is not coded yet")

    @handles
    def return_(self, command: Return) -> Iterable[Returned | LibraryV1Rejected]:
        """Its method cannot be called so in Python."""
        raise Rejected("NOT_IMPLEMENTED", f"{type(command).__name__} is not coded yet")

    @handles
    def exists_(self, command: Exists) -> None:
        """Would hide what every loan has."""
        raise Rejected("NOT_IMPLEMENTED", f"{type(command).__name__} is not coded yet")

    @accepts
    def accept_damaged(self, fact: Damaged) -> Damaged:
        """Record Damaged, which happened elsewhere."""
        return fact

    @compensates(Remind)
    def remind_refused(self, refused: Refused[Remind]) -> Escalation:
        """Make up for a refused Remind; until then, ask for help."""
        return Escalation(f"not compensated yet: {refused.code}")

    @compensates(Charge, domain="till")
    def till_charge_refused(self, refused: Refused[Charge]) -> Escalation:
        """Make up for a refused Charge; until then, ask for help."""
        return Escalation(f"not compensated yet: {refused.code}")

    @compensates(Charge, domain="post-box")
    def post_box_charge_refused(self, refused: Refused[Charge]) -> Escalation:
        """Make up for a refused Charge; until then, ask for help."""
        return Escalation(f"not compensated yet: {refused.code}")

    @undoes(Borrow)
    def undo_borrow(self, undo: Undo[Borrow]) -> None:
        """Make up for what Borrow led to."""
        raise Rejected("NOT_IMPLEMENTED", f"no {undo.command.__name__} is undone yet")

    @applies
    def borrowed(self, event: Borrowed) -> None:
        """Change the state by Borrowed."""

    @applies
    def returned(self, event: Returned) -> None:
        """Change the state by Returned."""

    @applies
    def rejected(self, event: LibraryV1Rejected) -> None:
        """The copy is too worn to be lent again."""

    @applies
    def damaged(self, event: Damaged) -> None:
        """Change the state by Damaged."""
