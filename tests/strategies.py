"""Hypothesis strategies for the envelopes of the protocol: everything a peer may send."""

from hypothesis import strategies as st

from angzarr_domain import books

SEQUENCES = st.integers(0, 2**32 - 1)
#: From the year 1 to 9999, as protobuf's Timestamp allows, before 1970 included.
MOMENTS = st.integers(-62_135_596_800 * 10**9, 253_402_300_799 * 10**9 + 999_999_999)
NAMES = st.text(max_size=8)  # any Unicode: what is a sensible name is not the encoding's question


def payloads() -> st.SearchStrategy[books.Payload]:
    """Any type URL, any bytes."""
    urls = st.sampled_from(["/bank.v1.Deposited", "type.googleapis.com/x.Y", "bare.Name", ""])
    return st.builds(books.Payload, type_url=urls, value=st.binary(max_size=24))


def editions() -> st.SearchStrategy[books.Edition]:
    """Named timelines, with and without points of divergence."""
    points = st.builds(books.DomainDivergence, domain=NAMES, sequence=SEQUENCES)
    names = st.text(min_size=1, max_size=8).filter(lambda name: name != books.DEFAULT_EDITION)
    return st.builds(books.Edition, name=names, divergences=st.lists(points, max_size=3).map(tuple))


def covers() -> st.SearchStrategy[books.Cover]:
    """Addresses, from the empty one to one with everything."""
    return st.builds(
        books.Cover,
        domain=NAMES,
        root=st.none() | st.uuids(),
        correlation_id=NAMES,
        edition=st.none() | editions(),
        ext=st.none() | payloads(),
    )


def references() -> st.SearchStrategy[books.PayloadReference]:
    """Claim checks."""
    return st.builds(
        books.PayloadReference,
        storage_type=st.sampled_from(books.PayloadStorageType),
        uri=NAMES,
        content_hash=st.binary(max_size=32),
        original_size=st.integers(0, 2**64 - 1),
        stored_at_ns=st.none() | MOMENTS,
    )


def provenances() -> st.SearchStrategy[books.ExternalDeferredSequence | books.AngzarrDeferredSequence]:
    """What stands in for a sequence."""
    facts = st.builds(books.ExternalDeferredSequence, external_id=NAMES, description=NAMES)
    reactions = st.builds(
        books.AngzarrDeferredSequence,
        source=st.none() | covers(),
        source_seq=SEQUENCES,
        source_component=NAMES,
        command_index=SEQUENCES,
    )
    return facts | reactions


@st.composite
def event_pages(draw: st.DrawFn) -> books.EventPage:
    """Pages with a sequence, a provenance or neither; with an event, a claim check or neither."""
    place = draw(st.none() | SEQUENCES | provenances())
    content = draw(st.none() | payloads() | references())
    return books.EventPage(
        event=content if isinstance(content, books.Payload) else None,
        sequence=place if isinstance(place, int) else None,
        created_at_ns=draw(st.none() | MOMENTS),
        deferred=None if isinstance(place, int) else place,
        external=content if isinstance(content, books.PayloadReference) else None,
    )


def snapshots() -> st.SearchStrategy[books.Snapshot]:
    """Snapshots, with and without a state and a time."""
    return st.builds(
        books.Snapshot,
        sequence=SEQUENCES,
        state=st.none() | payloads(),
        retention=st.sampled_from(books.SnapshotRetention),
        created_at_ns=st.none() | MOMENTS,
    )


def event_books() -> st.SearchStrategy[books.EventBook]:
    """Books that need not make sense: the encoding must carry them all the same."""
    return st.builds(
        books.EventBook,
        cover=st.none() | covers(),
        pages=st.lists(event_pages(), max_size=3).map(tuple),
        snapshot=st.none() | snapshots(),
        next_sequence=SEQUENCES,
    )


@st.composite
def command_pages(draw: st.DrawFn) -> books.CommandPage:
    """Commands by clients, by reactions, and with nothing at all."""
    place = draw(st.none() | SEQUENCES | provenances())
    content = draw(st.none() | payloads() | references())
    return books.CommandPage(
        command=content if isinstance(content, books.Payload) else None,
        sequence=place if isinstance(place, int) else None,
        merge_strategy=draw(st.sampled_from(books.MergeStrategy)),
        deferred=None if isinstance(place, int) else place,
        sync_mode=draw(st.none() | st.sampled_from(books.SyncMode)),
        external=content if isinstance(content, books.PayloadReference) else None,
    )


def command_books() -> st.SearchStrategy[books.CommandBook]:
    """Command books of no, one and several pages."""
    pages = st.lists(command_pages(), max_size=2).map(tuple)
    return st.builds(books.CommandBook, cover=st.none() | covers(), pages=pages)


def points() -> st.SearchStrategy[books.TemporalQuery]:
    """Points in history, and the one that says neither sequence nor time."""
    return (
        st.just(books.TemporalQuery())
        | st.builds(books.TemporalQuery, as_of_sequence=SEQUENCES)
        | st.builds(books.TemporalQuery, as_of_time_ns=MOMENTS)
    )


def queries() -> st.SearchStrategy[books.Query]:
    """Every selection, and none."""
    ranges = st.builds(books.SequenceRange, lower=SEQUENCES, upper=st.none() | SEQUENCES)
    sets = st.builds(books.SequenceSet, values=st.lists(SEQUENCES, max_size=4).map(tuple))
    return st.builds(books.Query, cover=st.none() | covers(), selection=st.none() | ranges | sets | points())


def notifications() -> st.SearchStrategy[books.Notification]:
    """Compensation signals."""
    return st.builds(
        books.Notification,
        cover=st.none() | covers(),
        payload=st.none() | payloads(),
        sent_at_ns=st.none() | MOMENTS,
    )


def projections() -> st.SearchStrategy[books.Projection]:
    """What projectors answer."""
    return st.builds(
        books.Projection,
        cover=st.none() | covers(),
        projector=NAMES,
        sequence=SEQUENCES,
        projection=st.none() | payloads(),
    )
