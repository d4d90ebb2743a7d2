"""What `@aggregate(...)` was told, and what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from angzarr_domain.books import is_message_type, type_name
from angzarr_domain.exceptions import UsageError

from ._findings import wrong
from ._methods import Methods
from ._snapshots import SnapshotPolicy

_FULL_NAME = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")


@attrs.frozen
class Options:
    """The arguments as the author gave them, of whatever types."""

    domain: Any
    ignores: Any = ()
    aliases: Any = attrs.field(factory=dict[str, Any])
    unknown: Any = "tolerant"
    snapshot: Any = None
    version: Any = 1
    state: Any = None

    def issues(self) -> list[str]:
        """What is wrong with those that need nothing but themselves to be judged."""
        found: list[str] = []
        if not is_domain(self.domain):
            found.append(wrong("AGG101", f"domain {self.domain!r}: {DOMAIN_RULE}"))
        if self.unknown not in ("tolerant", "strict"):
            found.append(
                wrong("AGG109", f'unknown {self.unknown!r}: write unknown="tolerant" or unknown="strict"', "unknown")
            )
        if type(self.version) is not int or self.version < 1:
            found.append(
                wrong(
                    "AGG109",
                    f"version {self.version!r}: give a whole number from 1 on, and raise it by one each time",
                    "version",
                )
            )
        if self.state is not None and not is_message_type(self.state):
            found.append(
                wrong(
                    "AGG109",
                    f"state {self.state!r}: that is no message class; generate it from a .proto, or leave it out",
                    "state",
                )
            )
        return found

    def policy(self, issues: list[str]) -> SnapshotPolicy | None:
        """When snapshots are taken; what is wrong goes to the issues."""
        if self.snapshot is None or isinstance(self.snapshot, SnapshotPolicy):
            return self.snapshot
        try:
            return SnapshotPolicy(every=self.snapshot)
        except UsageError:
            issues.append(
                wrong(
                    "AGG109",
                    f"snapshot {self.snapshot!r}: give a number of events from 1 on, such as 100, or a SnapshotPolicy",
                    "snapshot",
                )
            )
            return None

    def ignored(self, methods: Methods, issues: list[str]) -> dict[str, type[Any]]:
        """The ignored events by full name; what is wrong goes to the issues."""
        if not isinstance(self.ignores, Iterable):
            issues.append(
                wrong(
                    "AGG109",
                    f"ignores {self.ignores!r}: takes a list of message classes; write ignores=[...]",
                    "ignores",
                )
            )
            return {}
        ignored: dict[str, type[Any]] = {}
        for event in list[Any](self.ignores):  # pyright: ignore[reportUnknownArgumentType, reportUnknownMemberType] - of anything
            if not is_message_type(event):
                issues.append(wrong("AGG109", f"ignores {event!r}: that is no message class", "ignores"))
            elif type_name(event) in methods.appliers:
                issues.append(
                    wrong(
                        "AGG110",
                        f"ignores {type_name(event)}, which {methods.appliers[type_name(event)].name} applies; "
                        "drop one",
                        "ignores",
                    )
                )
            else:
                ignored[type_name(event)] = event
        return ignored

    def aliased(self, methods: Methods, ignored: Mapping[str, type[Any]], issues: list[str]) -> dict[str, type[Any]]:
        """Today's class by stored name; what is wrong goes to the issues."""
        if not isinstance(self.aliases, Mapping):
            issues.append(
                wrong(
                    "AGG109",
                    f'aliases {self.aliases!r}: takes a mapping; write aliases={{"old.full.Name": TheClass}}',
                    "aliases",
                )
            )
            return {}
        today = {**{name: each.event for name, each in methods.appliers.items()}, **ignored}
        today |= {name: each.event for name, each in methods.upcasts.items()}
        given: dict[Any, Any] = dict(self.aliases)  # pyright: ignore[reportUnknownArgumentType, reportUnknownMemberType] - of anything
        found = {name: _alias_issue(name, event, today) for name, event in given.items()}
        issues += [issue for issue in found.values() if issue]
        return {name: event for name, event in given.items() if not found[name]}


def is_domain(domain: object) -> bool:
    """Whether this names a domain."""
    return isinstance(domain, str) and re.fullmatch(r"[a-z_][a-z0-9_-]{0,63}", domain) is not None


DOMAIN_RULE = "use 1 to 64 of a-z, 0-9, _ and -, starting with a letter or _"


def _alias_issue(name: object, event: object, today: Mapping[str, type[Any]]) -> str | None:
    if not isinstance(name, str) or not _FULL_NAME.fullmatch(name):
        return wrong(
            "AGG111",
            f'aliases {name!r}: an alias is the full name of a stored type, such as "bank.v0.Deposited"',
            "aliases",
        )
    if not is_message_type(event):
        return wrong(
            "AGG111", f"aliases {name!r}: {event!r} is no message class; name today's class of that event", "aliases"
        )
    if name == type_name(event):
        return wrong(
            "AGG111", f"aliases {name!r}: that is today's name of {event.__name__} already; drop it", "aliases"
        )
    if name in today:
        return wrong(
            "AGG111",
            f"aliases {name!r}: events of that name are known as {today[name].__name__}; drop one of the two",
            "aliases",
        )
    if type_name(event) not in today:
        return wrong(
            "AGG111",
            f"aliases {name!r}: nothing applies {type_name(event)}; add an @applies method, or list it in ignores",
            "aliases",
        )
    return None
