from __future__ import annotations

from uuid import UUID

import attrs
import pytest

from angzarr_domain.books import (
    BusinessResponse,
    Cover,
    Edition,
    EventBook,
    EventPage,
    ExternalDeferredSequence,
    Notification,
    Payload,
    PayloadReference,
    RevocationResponse,
    Snapshot,
    SnapshotRetention,
)
from angzarr_domain.exceptions import InvalidReply

from .asking import CALLER, COVER, NOW_NS, ROOT, STREAM, Logic, filled, page, pipeline, request, stored


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(EventBook(Cover("account", UUID(int=8)), (page(3),)), id="another root"),
        pytest.param(EventBook(Cover("order", ROOT), (page(3),)), id="another domain"),
        pytest.param(EventBook(Cover("account", ROOT, "", Edition("what-if")), (page(3),)), id="another edition"),
        pytest.param(EventBook(Cover(correlation_id="x" * 129), (page(3),)), id="a long correlation id"),
        pytest.param(EventBook(Cover(correlation_id="a b"), (page(3),)), id="no correlation id"),
        pytest.param(EventBook(None, (page(4),)), id="a gap before"),
        pytest.param(EventBook(None, (page(3), page(5))), id="a gap between"),
        pytest.param(EventBook(None, (page(2),)), id="a taken sequence"),
        pytest.param(EventBook(None, (page(3), page(3))), id="two pages of one sequence"),
        pytest.param(EventBook(None, (page(3), page())), id="some without sequence"),
        pytest.param(EventBook(None, (page(), page(3))), id="some with sequence"),
        pytest.param(EventBook(None, (EventPage(),)), id="no event"),
        pytest.param(EventBook(None, (EventPage(Payload("", b"x")),)), id="no type"),
        pytest.param(EventBook(None, (page(deferred=ExternalDeferredSequence("id")),)), id="a fact"),
        pytest.param(EventBook(None, (page(created_at_ns=2**63),)), id="beyond the year 2262"),
        pytest.param(RevocationResponse(abort=True), id="a revocation"),
        pytest.param(Notification(), id="a notification"),
    ],
)
def test_a_reply_that_cannot_be_stored(reply: EventBook | RevocationResponse | Notification) -> None:
    """INVALID_REPLY, naming the aggregate; nothing is stored, not even the pages that were right."""
    store = filled(3)
    logic = Logic(lambda _call: BusinessResponse(reply))
    with pytest.raises(InvalidReply) as refused:
        pipeline(logic, store).execute(request(), CALLER)
    assert dict(refused.value.details) == {"domain": "account", "root": str(ROOT)}
    assert stored(store) == [0, 1, 2]


@pytest.mark.parametrize("numbered", [True, False])
@pytest.mark.parametrize("cover", [None, Cover(), Cover("account"), COVER])
def test_a_reply_may_leave_out_what_is_known(numbered: bool, cover: Cover | None) -> None:
    """Cover and sequences are empty or exactly right; what is empty is filled."""
    store = filled(3)
    pages = (page(3 if numbered else None), page(4 if numbered else None))
    logic = Logic(lambda _call: BusinessResponse(EventBook(cover, pages)))
    answer = pipeline(logic, store).execute(request(), CALLER)
    assert answer.events is not None
    assert answer.events.cover == COVER
    assert [each.sequence for each in answer.events.pages] == [3, 4]
    assert answer.events.next_sequence == 5


def test_events_are_stamped_where_nobody_did() -> None:
    """And only there."""
    store = filled(0)
    pipeline(Logic.of(page(), page(created_at_ns=5)), store).execute(request(), CALLER)
    assert [each.created_at_ns for each in store.pages(STREAM)] == [NOW_NS, 5]


def test_payloads_are_stored_as_they_came() -> None:
    """Type URL and bytes, also of a payload that lies elsewhere."""
    store = filled(0)
    payload = Payload("type.googleapis.com/shop.Added", b"\x00\xff")
    reference = PayloadReference(uri="s3://b/k")
    pipeline(Logic.of(EventPage(payload), EventPage(external=reference)), store).execute(request(), CALLER)
    assert [(each.event, each.external) for each in store.pages(STREAM)] == [(payload, None), (None, reference)]


def test_the_correlation_id_of_the_command_is_filled_in() -> None:
    """Events carry it (C-0193); business logic may set its own."""
    store = filled(0)
    pipeline(Logic.of(page()), store).execute(request(), CALLER)
    own = Logic.of(page(), cover=Cover(correlation_id="own"))
    pipeline(own, store).execute(request(), CALLER)
    found = [[each.sequence for _, pages in store.correlated(name) for each in pages] for name in ("workflow-1", "own")]
    assert found == [[0], [1]]


@pytest.mark.parametrize(
    ("sent", "replied", "expected"),
    [
        (None, Payload("/a", b"1"), Payload("/a", b"1")),
        (Payload("/b", b"2"), None, Payload("/b", b"2")),
        (Payload("/b", b"2"), Payload("/a", b"1"), Payload("/a", b"1")),
    ],
)
def test_ext_is_kept(sent: Payload | None, replied: Payload | None, expected: Payload) -> None:
    """What business logic puts there wins over what the command had (C-0146 to C-0148)."""
    logic = Logic.of(page(), cover=Cover(ext=replied))
    answer = pipeline(logic).execute(request(cover=attrs.evolve(COVER, ext=sent)), CALLER)
    assert answer.events is not None
    assert answer.events.cover is not None
    assert answer.events.cover.ext == expected


@pytest.mark.parametrize("reply", [BusinessResponse(), BusinessResponse(EventBook())])
def test_no_events_are_an_answer_too(reply: BusinessResponse) -> None:
    """Nothing is stored, and the answer says where the stream is."""
    store = filled(3)
    answer = pipeline(Logic(lambda _call: reply), store).execute(request(), CALLER)
    assert answer.events == EventBook(COVER, next_sequence=3)
    assert stored(store) == [0, 1, 2]


def test_a_snapshot_gets_the_sequence_of_the_last_event() -> None:
    """And the time of storing; its retention stays (C-0454)."""
    store = filled(3)
    sent = Snapshot(99, Payload("/shop.State", b"\x01"), SnapshotRetention.PERSIST, 1)
    pipeline(Logic.of(page(), page(), snapshot=sent), store).execute(request(), CALLER)
    assert store.snapshot(STREAM) == attrs.evolve(sent, sequence=4, created_at_ns=NOW_NS)


def test_a_snapshot_without_events_is_not_stored() -> None:
    """It would stand for events that nobody stored."""
    store = filled(3)
    sent = Snapshot(3, Payload("/shop.State", b"\x01"))
    pipeline(Logic.of(snapshot=sent), store).execute(request(), CALLER)
    assert store.snapshot(STREAM) is None
