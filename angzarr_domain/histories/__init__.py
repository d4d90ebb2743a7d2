"""Streams as files: exported from a coordinator, imported into one, and checked against today's classes.

A recording is JSON, one line for each event, and holds, if asked for, the state that the events led to. `replay_check`
says whether today's classes still fold every recorded stream to the recorded state.
"""

from ._checking import check_file, replay_check
from ._exporting import Exported, export_history, export_lines
from ._findings import Difference, Finding, ReplayReport, Verdict
from ._importing import Imported, Restores, import_history
from ._reading import (
    FORMAT_VERSION,
    Header,
    RecordedPage,
    RecordedState,
    RecordedStream,
    Recording,
    open_recording,
)
from ._updating import record_states

__all__ = [
    "FORMAT_VERSION",
    "Difference",
    "Exported",
    "Finding",
    "Header",
    "Imported",
    "RecordedPage",
    "RecordedState",
    "RecordedStream",
    "Recording",
    "ReplayReport",
    "Restores",
    "Verdict",
    "check_file",
    "export_history",
    "export_lines",
    "import_history",
    "open_recording",
    "record_states",
    "replay_check",
]
