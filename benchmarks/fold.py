"""What a fold costs beside a loop written by hand: python -m benchmarks.fold."""

from __future__ import annotations

from angzarr_domain.aggregates import definition_of, replay
from angzarr_domain.books import Cover, EventBook, EventPage, compute_root
from angzarr_domain.wire import METHODS, PayloadCodec
from angzarr_domain.wire.pb import messages as pb
from benchmarks.ratios import compare
from examples.bank import Account
from examples.bank.messages import AccountOpened, Deposited, Withdrawn

EVENTS = 10_000


def main() -> None:
    """Fold 10,000 events from the bytes of their book, by hand and by us, and show where the time goes."""
    codec, definition = PayloadCodec(), definition_of(Account)
    messages: list[AccountOpened | Deposited | Withdrawn] = [AccountOpened(reference="open", number="1", owner="ada")]
    messages += [
        Deposited(reference=f"r{n}", amount=5) if n % 2 else Withdrawn(reference=f"r{n}", amount=3)
        for n in range(1, EVENTS)
    ]
    payloads = [codec.encode(message) for message in messages]
    pages = tuple(EventPage(payload, sequence, 0) for sequence, payload in enumerate(payloads))
    book = EventBook(Cover("account", compute_root("account", "1")), pages)
    encoded = METHODS.get_event_book.encode_response(book)
    decode, unread = METHODS.get_event_book.decode_response, METHODS.read_history.decode_response

    def by_hand() -> object:
        account, parsed = Account(), pb.EventBook.FromString(encoded)
        opened, deposited = codec.decoder(AccountOpened), codec.decoder(Deposited)
        withdrawn = codec.decoder(Withdrawn)
        for page in parsed.pages:
            payload = page.event
            if payload.type_url == "/bank.v1.Deposited":
                account.deposited(deposited(payload.value))
            elif payload.type_url == "/bank.v1.Withdrawn":
                account.withdrawn(withdrawn(payload.value))
            elif payload.type_url == "/bank.v1.AccountOpened":
                account.opened(opened(payload.value))
        return account

    ways = {
        "from bytes, by hand": by_hand,
        "from bytes, as a repository loads": lambda: replay(definition, [unread(encoded)], codec),
        "from bytes, by way of values": lambda: replay(definition, decode(encoded), codec),
        "making values alone": lambda: decode(encoded),
        "replay alone": lambda: replay(definition, book, codec),
    }
    compare(f"folding {EVENTS:,} events; time of one event, ratio to the loop", ways, per=EVENTS)


if __name__ == "__main__":
    main()
