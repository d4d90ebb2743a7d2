from __future__ import annotations

from collections.abc import Iterable
from typing import Self

import attrs

from angzarr_domain.exceptions import InvalidArgument

from ._calls import CommandBook
from ._covers import Cover
from ._pages import AngzarrDeferredSequence


@attrs.frozen
class Destinations:
    """Where the commands of one saga or process manager may go.

    Attributes:
        domains: Those it declares as its output, in the order of the declaration (C-0134, C-0135).

    """

    domains: tuple[str, ...] = ()

    @classmethod
    def declared(cls, output_domain: str = "", output_domains: Iterable[str] = ()) -> Self:
        """Of a component's options: its one output domain if it names one, then the further ones, each once."""
        return cls(tuple(dict.fromkeys(domain for domain in (output_domain, *output_domains) if domain)))

    def has_domain(self, domain: str) -> bool:
        """Whether commands may go there (C-0132, C-0133)."""
        return domain in self.domains

    def stamp_command(
        self, command: CommandBook, source: Cover, source_seq: int, command_index: int = 0
    ) -> CommandBook:
        """The command as it is emitted, with the event that caused it in place of a sequence (C-0182, C-0183).

        Its pages keep their sync modes. Which component emitted it is left for the coordinator to say.

        Args:
            command: Addressed to one of the domains.
            source: The whole cover of the book that holds the event.
            source_seq: The event's sequence.
            command_index: The command's place among those that the event caused, from 0.

        Raises:
            InvalidArgument: UNDECLARED_OUTPUT_DOMAIN: commands may not go there.

        """
        domain = "" if command.cover is None else command.cover.domain
        if not self.has_domain(domain):
            raise InvalidArgument(
                f"a command for the domain {domain!r}, which is not declared as an output: declare it, or send the "
                f"command to one of {', '.join(self.domains) or 'none'}",
                field="command.cover.domain",
                code="UNDECLARED_OUTPUT_DOMAIN",
                domain=domain,
            )
        cause = AngzarrDeferredSequence(source, source_seq, command_index=command_index)
        return attrs.evolve(
            command, pages=tuple(attrs.evolve(page, sequence=None, deferred=cause) for page in command.pages)
        )
