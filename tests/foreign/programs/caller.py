"""A caller written with angzarr-client: takes each step that the command line names, and prints what came as JSON.

    python caller.py ENDPOINT STEP...

Runs in an environment that has angzarr-client and nothing of this project. Every step has an aggregate of its own.
"""

from __future__ import annotations

import json
import sys
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

import wares
from angzarr_client import CommandBuilder, DomainClient, QueryBuilder, errors
from angzarr_client.proto import angzarr as pb

PREFIX = "type.googleapis.com/tests.wallet."


class Steps:
    """What a caller does, each step by its name."""

    def __init__(self, client: DomainClient, name: str) -> None:
        self.client = client
        self.name = name
        self.root = uuid5(NAMESPACE_OID, name)

    def command(self, message: Any, domain: str = "wallet") -> CommandBuilder:
        builder = CommandBuilder(self.client.command_handler, domain, self.root)
        return builder.with_command(PREFIX + message.DESCRIPTOR.name, message)

    def query(self, domain: str = "wallet") -> QueryBuilder:
        return QueryBuilder(self.client.query, domain, self.root)

    def put(self, amount: int = 5) -> CommandBuilder:
        return self.command(wares.Put(amount=amount))

    def fill(self) -> None:
        for n in range(4):
            self.put(n).with_sequence(n).with_correlation_id(f"{self.name}-{n}").execute()

    # Commands

    def on_a_new_root(self) -> Any:
        return book(self.put().with_correlation_id("order-7").execute().events)

    def at_the_next_sequence(self) -> Any:
        self.put().execute()
        builder = self.command(wares.Take(amount=3)).with_sequence(1)
        answer = builder.with_merge_strategy(pb.MergeStrategy.MERGE_STRICT)
        return book(answer.execute(pb.SyncMode.SYNC_MODE_SIMPLE).events)

    def without_a_lock(self) -> Any:
        self.put().execute()
        return book(self.put(6).with_merge_strategy(pb.MergeStrategy.MERGE_AGGREGATE_HANDLES).execute().events)

    def stale_by_default(self) -> Any:
        self.put().execute()
        self.put().execute()

    def stale_strict(self) -> Any:
        self.put().execute()
        self.put().with_merge_strategy(pb.MergeStrategy.MERGE_STRICT).execute()

    def rejected(self) -> Any:
        self.put().execute()
        self.command(wares.Take(amount=99)).with_sequence(1).execute()

    def unknown_command(self) -> Any:
        self.command(wares.Balance(amount=99)).execute()

    def unknown_domain(self) -> Any:
        self.command(wares.Put(amount=1), domain="nowhere").execute()

    def without_a_root(self) -> Any:
        self.root = None
        self.put().execute()

    # Queries

    def whole_history(self) -> Any:
        self.fill()
        return book(self.query().get_event_book())

    def a_range(self) -> Any:
        self.fill()
        return book(self.query().range_to(1, 2).get_event_book())

    def as_of_a_sequence(self) -> Any:
        self.fill()
        return book(self.query().as_of_sequence(1).get_event_book())

    def streamed(self) -> Any:
        self.fill()
        (found,) = self.query().get_events()
        return book(found)

    def by_correlation_id(self) -> Any:
        self.fill()
        (found,) = self.query().by_correlation_id(f"{self.name}-2").get_events()
        return book(found)

    def unknown_root(self) -> Any:
        return book(self.query().get_event_book())

    def no_domain(self) -> Any:
        self.query(domain="").get_event_book()

    # What-ifs

    def what_if(self, message: Any, sequence: int) -> Any:
        self.fill()
        request = pb.SpeculateCommandHandlerRequest(
            command=self.command(message).build(), point_in_time=pb.TemporalQuery(as_of_sequence=sequence)
        )
        answer = self.client.speculative.command_handler(request)
        assert len(self.query().get_pages()) == 4, "nothing is stored"
        return book(answer.events)

    def what_if_now(self) -> Any:
        return self.what_if(wares.Take(amount=3), 2**32 - 1)

    def what_if_in_the_past(self) -> Any:
        return self.what_if(wares.Take(amount=3), 0)

    def what_if_of_a_saga(self) -> Any:
        self.client.speculative.saga(pb.SpeculateSagaRequest())


def book(found: Any) -> dict[str, Any]:
    return {
        "cover": [found.cover.domain, str(UUID(bytes=found.cover.root.value)), found.cover.correlation_id],
        "pages": [page(each) for each in found.pages],
        "next_sequence": found.next_sequence,
    }


def page(found: Any) -> list[Any]:
    name = found.event.type_url.rpartition(".")[2]
    message = getattr(wares, name)()
    assert found.event.Unpack(message), f"{found.event.type_url} unpacks"
    assert found.HasField("created_at"), "every page says when it was created"
    return [found.header.sequence, name, message.amount]


def outcome(client: DomainClient, name: str) -> dict[str, Any]:
    try:
        return {"answer": getattr(Steps(client, name), name)()}
    except errors.GRPCError as error:
        return {"status": error.code.name, "text": error.details}


def main(endpoint: str, *names: str) -> None:
    client = DomainClient.connect(endpoint)
    print(json.dumps({name: outcome(client, name) for name in names}))  # noqa: T201 - its answer
    client.close()


main(*sys.argv[1:])
