"""The schemas against the numbers of the protocol (docs/protocol/wire.md), written down a second time."""

import hashlib
from typing import Any
from uuid import UUID

import pytest
from google.protobuf.descriptor_pb2 import DescriptorProto

from angzarr_domain import books
from angzarr_domain.wire import METHODS, POOL
from angzarr_domain.wire.pb import messages as pb

# One line for each message. "R" repeated, "O" optional, "[name]" member of a oneof.
# Without a type: a string. A number alone after "reserved" is a field that no longer exists.
MESSAGES = """
UUID: 1 value bytes
Cover: 1 root UUID, 2 domain, 3 correlation_id, 4 edition Edition, 6 ext Any; reserved 5
Edition: 1 name, 2 divergences R DomainDivergence
DomainDivergence: 1 domain, 2 sequence uint32
PayloadReference: 1 storage_type PayloadStorageType, 2 uri, 3 content_hash bytes, 4 original_size uint64, \
5 stored_at Timestamp
PageHeader: 1 sequence uint32 [sequence_type], 2 external_deferred ExternalDeferredSequence [sequence_type], \
3 angzarr_deferred AngzarrDeferredSequence [sequence_type], 4 sync_mode O SyncMode
ExternalDeferredSequence: 1 external_id, 2 description
AngzarrDeferredSequence: 1 source Cover, 2 source_seq uint32, 3 source_component, 4 command_index uint32; reserved 5
EventPage: 1 header PageHeader, 2 created_at Timestamp, 3 event Any [payload], 4 external PayloadReference [payload]; \
reserved 5 6 7
Snapshot: 2 sequence uint32, 3 state Any, 4 retention SnapshotRetention, 5 created_at Timestamp; reserved 1
EventBook: 1 cover Cover, 2 snapshot Snapshot, 3 pages R EventPage, 6 next_sequence uint32; reserved 4 5
EventRequest: 1 events EventBook, 2 sync_mode SyncMode, 4 skip_handler bool; reserved 3
Projection: 1 cover Cover, 2 projector, 3 sequence uint32, 4 projection Any
CommandPage: 1 header PageHeader, 2 merge_strategy MergeStrategy, 3 command Any [payload], \
4 external PayloadReference [payload]
CommandBook: 1 cover Cover, 2 pages R CommandPage; reserved 3 4 5
CommandRequest: 1 command CommandBook, 2 sync_mode SyncMode, 3 cascade_error_mode CascadeErrorMode; reserved 4
ContextualCommand: 1 events EventBook, 2 command CommandBook
ContextualCommandRequest: 1 command ContextualCommand, 2 sync_mode SyncMode
SequenceRange: 1 lower uint32, 2 upper O uint32
SequenceSet: 1 values R uint32
TemporalQuery: 1 as_of_time Timestamp [point_in_time], 2 as_of_sequence uint32 [point_in_time]
Query: 1 cover Cover, 3 range SequenceRange [selection], 4 sequences SequenceSet [selection], \
5 temporal TemporalQuery [selection]; reserved 2
AggregateRoot: 1 domain, 2 root UUID
EventStreamFilter: 1 correlation_id
Notification: 1 cover Cover, 2 payload Any, 3 sent_at Timestamp; reserved 4
RejectionNotification: 1 rejected_command CommandBook, 2 rejection_reason, 7 code; reserved 3 4 5 6
Compensate: 2 sequences R uint32, 3 reason, 4 command_type; reserved 1
SequenceMismatchDetails: 1 expected_sequence uint32, 2 actual_sequence uint32, 3 merge_strategy MergeStrategy
EventProcessingFailedDetails: 1 error, 2 retry_count uint32, 3 is_transient bool, 4 stack_trace R CapturedError
PayloadRetrievalFailedDetails: 1 storage_type PayloadStorageType, 2 uri, 3 content_hash bytes, \
4 original_size uint64, 5 error
CompensationDeliveryFailedDetails: 1 attempts uint32, 2 last_error
AngzarrDeadLetter: 1 cover Cover, 2 rejected_command CommandBook [payload], 3 rejection_reason, \
7 occurred_at Timestamp, 8 metadata map string string, 9 rejected_events EventBook [payload], 10 source_component, \
11 source_component_type, 12 sequence_mismatch SequenceMismatchDetails [rejection_details], \
13 event_processing_failed EventProcessingFailedDetails [rejection_details], \
14 payload_retrieval_failed PayloadRetrievalFailedDetails [rejection_details], \
15 compensation_delivery_failed CompensationDeliveryFailedDetails [rejection_details]; reserved 4 5 6
Target: 1 domain
ComponentDescriptor: 1 name, 2 component_type, 3 inputs R Target
FactRequest: 1 facts EventBook, 2 prior_events EventBook
ReplayRequest: 1 base_snapshot Snapshot, 2 events R EventPage
ReplayResponse: 1 state Any
CommandResponse: 1 events EventBook, 2 projections R Projection, 4 reaction_errors R CascadeReactionError; reserved 3
CascadeReactionError: 1 component, 2 target Cover, 3 command_type, 4 code int32, 5 message
RevocationResponse: 1 emit_system_revocation bool, 2 send_to_dead_letter_queue bool, 3 escalate bool, 4 abort bool, \
5 reason
BusinessResponse: 1 events EventBook [result], 2 revocation RevocationResponse [result], \
3 notification Notification [result]
SpeculateCommandHandlerRequest: 1 command CommandBook, 2 point_in_time TemporalQuery
FactInjectionResponse: 1 events EventBook, 2 already_processed bool, 3 projections R Projection
SagaHandleRequest: 1 source EventBook, 2 sync_mode SyncMode, 3 cascade_error_mode CascadeErrorMode; reserved 4
SpeculateSagaRequest: 1 request SagaHandleRequest
SagaResponse: 1 commands R CommandBook, 2 events R EventBook
SagaCompensationFailed: 1 triggering_aggregate Cover, 2 triggering_event_sequence uint32, 4 rejection_reason, \
5 compensation_failure_reason, 6 rejected_command CommandBook, 7 occurred_at Timestamp; reserved 3
ProcessManagerCoordinatorRequest: 1 trigger EventBook, 2 sync_mode SyncMode, 3 cascade_error_mode CascadeErrorMode
SpeculatePmRequest: 1 request ProcessManagerHandleRequest
ProcessManagerHandleRequest: 1 trigger EventBook, 2 process_state EventBook; reserved 3
ProcessManagerHandleResponse: 1 process_events R EventBook, 2 commands R CommandBook, 3 facts R EventBook, \
4 notification Notification
SpeculateProjectorRequest: 1 events EventBook
UpcastRequest: 1 domain, 2 events R EventPage
UpcastResponse: 1 events R EventPage
DeleteEditionEvents: 1 edition, 2 domain
CloudEvent: 1 type, 2 data Any, 3 extensions map string string, 4 id O string, 5 source O string, 6 subject O string
CloudEventsResponse: 1 events R CloudEvent
ComponentOptions: 1 kind ComponentKind, 2 input_domain, 3 output_domain, 4 name, 5 compensates R string, \
6 output_domains R string, 7 domain, 8 undoes R string, 9 facts R string, 10 emits_facts R string
CommandOptions: 1 component, 2 emits R string
EventConsumer: 1 component, 2 domain, 3 applies bool
sererr.v1.CapturedError: 1 type, 2 message, 5 frames R StackFrame, 6 mechanism ExceptionMechanism, 9 release, \
10 server_name; reserved 3 4 7 8 11 12
sererr.v1.StackFrame: 1 function, 4 module, 5 package, 6 file, 7 abs_path, 8 line uint32, 10 context_line, \
11 pre_context R string, 12 post_context R string, 13 source_link, 14 in_app bool; \
reserved 2 3 9 15 16 17 18 19 20 21 22
sererr.v1.ExceptionMechanism: 1 type, 2 description, 3 handled bool, 4 synthetic bool, 5 help_link, 6 source, \
7 exception_id uint32, 8 parent_id uint32, 9 is_exception_group bool, 10 data map string string; reserved 11
google.rpc.Status: 1 code int32, 2 message, 3 details R Any
google.rpc.ErrorInfo: 1 reason, 2 domain, 3 metadata map string string
google.rpc.RetryInfo: 1 retry_delay Duration
"""
ENUMS = {
    "SyncMode": "SYNC_MODE_ UNSPECIFIED ASYNC SIMPLE CASCADE DECISION ISOLATED",
    "CascadeErrorMode": "CASCADE_ERROR_ UNSPECIFIED FAIL_FAST CONTINUE COMPENSATE DEAD_LETTER",
    "MergeStrategy": "MERGE_ UNSPECIFIED COMMUTATIVE STRICT AGGREGATE_HANDLES MANUAL",
    "SnapshotRetention": "RETENTION_ DEFAULT PERSIST TRANSIENT",
    "PayloadStorageType": "PAYLOAD_STORAGE_TYPE_ UNSPECIFIED FILESYSTEM GCS S3",
    "ComponentKind": "COMPONENT_KIND_ UNSPECIFIED AGGREGATE SAGA PROCESS_MANAGER PROJECTOR",
}
# One line for each service: what its methods take and give, ">>" where it gives many, "*" where it takes many.
SERVICES = """
CommandHandlerService: Handle ContextualCommand > BusinessResponse, HandleFact FactRequest > EventBook, \
Replay ReplayRequest > ReplayResponse
CommandHandlerCoordinatorService: HandleCommand CommandRequest > CommandResponse, \
HandleEvent EventRequest > FactInjectionResponse, \
HandleSyncSpeculative SpeculateCommandHandlerRequest > CommandResponse, \
HandleCompensation CommandRequest > BusinessResponse
EventQueryService: GetEventBook Query > EventBook, GetEvents Query >> EventBook, Synchronize *Query >> EventBook, \
GetAggregateRoots Empty >> AggregateRoot
EventStreamService: Subscribe EventStreamFilter >> EventBook
ProjectorService: Handle EventBook > Projection, HandleSpeculative EventBook > Projection
ProjectorCoordinatorService: HandleSync EventRequest > Projection, Handle EventBook > Empty, \
HandleSpeculative SpeculateProjectorRequest > Projection
SagaService: Handle SagaHandleRequest > SagaResponse
SagaCoordinatorService: Execute SagaHandleRequest > SagaResponse, ExecuteSpeculative SpeculateSagaRequest > SagaResponse
ProcessManagerService: Handle ProcessManagerHandleRequest > ProcessManagerHandleResponse
ProcessManagerCoordinatorService: Handle ProcessManagerCoordinatorRequest > ProcessManagerHandleResponse, \
HandleSpeculative SpeculatePmRequest > ProcessManagerHandleResponse
UpcasterService: Upcast UpcastRequest > UpcastResponse
"""
LINES = MESSAGES.strip().splitlines()
PACKAGES = {"io.angzarr.v1", "sererr.v1", "google.rpc"}


def root(first: int) -> UUID:
    return UUID(bytes=bytes(range(first, first + 16)))


def full_name(name: str) -> str:
    return name if "." in name else f"io.angzarr.v1.{name}"


def written(message: Any) -> str:
    """A message of the pool in the notation of the table above."""
    proto = DescriptorProto()
    message.CopyToProto(proto)
    fields = sorted(proto.field, key=lambda field: field.number)
    groups = [group.name for group in proto.oneof_decl]
    described = ", ".join(f"{field.number} {field.name}{kind(proto, field, groups)}" for field in fields)
    reserved = [str(number) for gap in proto.reserved_range for number in range(gap.start, gap.end)]
    return described + (f"; reserved {' '.join(reserved)}" if reserved else "")


def type_of(field: Any) -> str:
    name: str = field.type_name.rpartition(".")[2] or field.Type.Name(field.type).removeprefix("TYPE_").lower()
    return name


def kind(message: Any, field: Any, groups: list[str]) -> str:
    maps = {nested.name: nested.field for nested in message.nested_type if nested.options.map_entry}
    name = type_of(field)
    if name in maps:
        return f" map {' '.join(map(type_of, maps[name]))}"
    mark = " R" if field.label == field.LABEL_REPEATED else " O" if field.proto3_optional else ""
    group = f" [{groups[field.oneof_index]}]" if field.HasField("oneof_index") and not field.proto3_optional else ""
    return mark + ("" if name == "string" and not mark else f" {name}") + group


@pytest.mark.parametrize("line", LINES, ids=lambda line: line.partition(":")[0])
def test_a_message_has_the_protocols_fields(line: str) -> None:
    """Every number, name and type, and the numbers that stay reserved."""
    name, _, fields = line.partition(": ")

    assert written(POOL.FindMessageTypeByName(full_name(name))) == fields


def called(method: Any) -> str:
    """A method of the pool in the notation of the table above."""
    many, give = "*" if method.client_streaming else "", ">>" if method.server_streaming else ">"
    return f"{method.name} {many}{method.input_type.name} {give} {method.output_type.name}"


@pytest.mark.parametrize("line", SERVICES.strip().splitlines(), ids=lambda line: line.partition(":")[0])
def test_a_service_has_the_protocols_methods(line: str) -> None:
    """Every method, what it takes and gives, and how many of them."""
    name, _, methods = line.partition(": ")

    assert ", ".join(map(called, POOL.FindServiceByName(full_name(name)).methods)) == methods


def test_there_is_no_message_besides() -> None:
    """The table above is complete."""
    present = {
        each.DESCRIPTOR.full_name
        for each in vars(pb).values()
        if hasattr(each, "DESCRIPTOR") and each.DESCRIPTOR.file.package in PACKAGES
    }

    assert present == {full_name(line.partition(":")[0]) for line in LINES}


@pytest.mark.parametrize("name", ENUMS)
def test_an_enum_has_the_protocols_values(name: str) -> None:
    """Numbers count from 0 in the order of the table."""
    prefix, *values = ENUMS[name].split()
    found = {value.number: value.name for value in POOL.FindEnumTypeByName(full_name(name)).values}

    assert found == {number: prefix + value for number, value in enumerate(values)}


@pytest.mark.parametrize("name", [name for name in ENUMS if name != "ComponentKind"])
def test_an_enum_of_the_books_has_the_same_values(name: str) -> None:
    """The frozen values' enums are the protocol's, with the prefix left out."""
    prefix, *_ = ENUMS[name].split()
    wire = {value.name.removeprefix(prefix): value.number for value in POOL.FindEnumTypeByName(full_name(name)).values}

    assert {member.name: member.value for member in getattr(books, name)} == wire


@pytest.mark.parametrize(("name", "number"), [("component", 50100), ("command", 50104), ("event", 50105)])
def test_an_option_has_the_protocols_number(name: str, number: int) -> None:
    """Code generators of every language find an option by its number."""
    options = POOL.FindMessageTypeByName("google.protobuf.MessageOptions")

    assert POOL.FindExtensionByNumber(options, number).full_name == f"io.angzarr.v1.{name}"


def test_run_time_files_have_names_of_our_own() -> None:
    """No other library registers a file below angzarr_domain/, so none can clash with ours."""
    names = {
        each.DESCRIPTOR.file.name
        for each in vars(pb).values()
        if hasattr(each, "DESCRIPTOR") and each.DESCRIPTOR.file.package in PACKAGES
    }

    assert all(name.startswith("angzarr_domain/") for name in names)


@pytest.mark.parametrize(
    ("type_url", "index", "size", "digest"),
    [
        ("/example.Foo", 0, 108, "10b1ce23a470f107662591a7da41830c724fdc0c9562824130f09b0a12f011f5"),
        ("/example.Foo", 1, 110, "a028d427e91c0e03b63b50dabe7c5184417ed7aaf558d62dfdb9baed1e3affd0"),
        (
            "type.googleapis.com/example.Foo",
            0,
            127,
            "a79987223c3ece4657c21aa2b5c6f748a3032ba601d4f8f85e4bb9a0ac503758",
        ),
        (
            "type.googleapis.com/example.Foo",
            1,
            129,
            "a0ea9bae4f5492fe3a62aba851fe39c36dadc619cbe2702e1be0c1dd0b20efc1",
        ),
    ],
)
def test_a_reactions_command_has_the_locked_encoding(type_url: str, index: int, size: int, digest: str) -> None:
    """Every implementation writes these very bytes (C-0182, C-0183)."""
    source = books.Cover("order", root(0), "corr-1")
    page = books.CommandPage(
        books.Payload(type_url, b"\x01\x02\x03\x04"),
        deferred=books.AngzarrDeferredSequence(source, source_seq=3, command_index=index),
    )
    book = books.CommandBook(books.Cover("inventory", root(16), "corr-1"), (page,))
    request = METHODS.handle_command.encode_request(books.CommandRequest(book))
    encoded = pb.CommandRequest.FromString(request).command.SerializeToString(deterministic=True)

    assert (len(encoded), hashlib.sha256(encoded).hexdigest()) == (size, digest)


@pytest.mark.parametrize(
    ("domain", "key", "expected"),
    [
        ("cart", "alice", "92ab9191-4f7d-5ff2-adcf-93a1e494c055"),
        ("order", "ord-42", "c20a5dda-4d41-5a65-bb75-22cdc453ca0f"),
        ("order", "", "45d20a3f-923e-581e-8943-c731efc6d1c2"),
        ("ab", "c", "59dbfa29-d911-506c-ab4d-37807c015aaa"),
        ("a", "bc", "5a62a278-cbda-5121-9f05-8532f1462612"),
        ("customer", "alice@x.com", "3c10f075-111d-5830-8cc9-20b4c9fa0d50"),
    ],
)
def test_a_business_key_leads_to_the_protocols_root(domain: str, key: str, expected: str) -> None:
    """Every implementation derives these very roots (C-0107 to C-0110); ab and c are not a and bc (C-0485)."""
    assert str(books.compute_root(domain, key)) == expected
