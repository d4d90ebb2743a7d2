"""What a scenario has unless it says otherwise: the same in every run, so that whole events can be compared."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final
from uuid import UUID

#: The root of an aggregate in a scenario.
ROOT: Final = UUID("a99a4400-0000-4000-8000-000000000000")

#: What `context.now()` gives in a scenario.
NOW: Final = datetime(2026, 1, 1, 12, tzinfo=UTC)
