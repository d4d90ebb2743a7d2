from __future__ import annotations

from uuid import UUID

import attrs
import pytest

from angzarr_domain.books import (
    AngzarrDeferredSequence,
    CommandBook,
    CommandPage,
    CommandRequest,
    Cover,
    Edition,
    ExternalDeferredSequence,
    MergeStrategy,
    Payload,
    PayloadReference,
    SpeculateRequest,
    SyncMode,
)
from angzarr_domain.exceptions import InvalidArgument, NotHandled, NotSupported
from angzarr_domain.wire import METHODS
from angzarr_domain.wire.pb import messages as pb

from .asking import CALLER, COMMAND, COVER, ROOT, Logic, page, pipeline, request

FIRST = "command.pages[0]"


@pytest.mark.parametrize(
    ("wrong", "code", "field"),
    [
        (CommandRequest(), "MISSING_COMMAND_BOOK", "command"),
        (request(cover=None), "MISSING_COVER", "cover"),
        (request(cover=Cover("", ROOT)), "MISSING_DOMAIN", "cover.domain"),
        (request(cover=Cover("account")), "PROTO_UUID_INVALID", "cover.root"),
        (request(cover=Cover("Account", ROOT)), "LIMIT_EXCEEDED", "cover.domain"),
        (request(cover=Cover("a" * 65, ROOT)), "LIMIT_EXCEEDED", "cover.domain"),
        (request(cover=Cover("account", ROOT, "c" * 129)), "LIMIT_EXCEEDED", "cover.correlation_id"),
        (request(cover=Cover("account", ROOT, "not ok")), "LIMIT_EXCEEDED", "cover.correlation_id"),
        (CommandRequest(CommandBook(COVER)), "MISSING_COMMAND_PAGE", "command.pages"),
        (CommandRequest(CommandBook(COVER, (CommandPage(),) * 2)), "TOO_MANY_COMMAND_PAGES", "command.pages"),
        (request(command=None), "MISSING_COMMAND_PAYLOAD", f"{FIRST}.command"),
        (request(command=Payload("", b"x")), "MISSING_COMMAND_PAYLOAD", f"{FIRST}.command"),
        (request(command=Payload("/" + "t" * 256, b"")), "LIMIT_EXCEEDED", f"{FIRST}.command"),
        (request(command=Payload("/shop.Add", bytes(256 * 1024 + 1))), "LIMIT_EXCEEDED", f"{FIRST}.command"),
        (request(strategy=MergeStrategy.STRICT), "MISSING_SEQUENCE", f"{FIRST}.header"),
        (request(strategy=MergeStrategy.UNSPECIFIED), "MISSING_SEQUENCE", f"{FIRST}.header"),
        (request(sequence=-1), "INVALID_ARGUMENT", f"{FIRST}.header.sequence"),
        (
            request(deferred=ExternalDeferredSequence("id")),
            "INVALID_ARGUMENT",
            f"{FIRST}.header.external_deferred",
        ),
        (
            request(deferred=AngzarrDeferredSequence(Cover("order"))),
            "INVALID_ARGUMENT",
            f"{FIRST}.header.angzarr_deferred.source",
        ),
        (
            request(deferred=AngzarrDeferredSequence(COVER, source_component="s" * 129)),
            "LIMIT_EXCEEDED",
            f"{FIRST}.header.angzarr_deferred.source_component",
        ),
    ],
)
def test_a_request_that_makes_no_sense_is_refused_by_name(wrong: CommandRequest, code: str, field: str) -> None:
    """One code and the part that is wrong; business logic is never asked (C-0200, C-0201)."""
    logic = Logic.of(page())
    with pytest.raises(InvalidArgument) as refused:
        pipeline(logic).execute(wrong, CALLER)
    assert (refused.value.code, refused.value.field, logic.calls) == (code, field, [])


@pytest.mark.parametrize(
    "allowed",
    [
        request(cover=Cover("account", ROOT, "c" * 128)),
        request(cover=Cover("account", ROOT, "")),
        request(cover=Cover("account", ROOT, "", Edition("angzarr"))),
        request(command=Payload("/" + "t" * 255, bytes(256 * 1024))),
        request(sequence=2**32 - 1),
    ],
)
def test_what_is_just_within_the_limits_is_accepted(allowed: CommandRequest) -> None:
    """The limits themselves are allowed, and the main timeline by its own name (C-0409)."""
    answer = pipeline(Logic.of(page())).execute(allowed, CALLER)
    assert answer.events is not None
    assert len(answer.events.pages) == 1


def test_an_unknown_domain_lists_those_that_are_served() -> None:
    """C-0202."""
    with pytest.raises(NotHandled) as refused:
        pipeline(Logic.of(page())).execute(request(cover=Cover("acount", ROOT)), CALLER)
    assert refused.value.handled == ("account",)
    assert "acount" in str(refused.value)


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        pytest.param(request(cover=Cover("account", ROOT, "", Edition("what-if"))), "what-if", id="edition"),
        pytest.param(request(mode=SyncMode.CASCADE), "CASCADE", id="mode"),
        pytest.param(request(sync_mode=SyncMode.CASCADE), "CASCADE", id="the page's own mode"),
        pytest.param(request(mode=99), "99", id="unknown mode"),  # type: ignore[arg-type] # values check no types
        pytest.param(request(merge_strategy=99), "99", id="unknown strategy"),
        pytest.param(request(command=None, external=PayloadReference()), "stored elsewhere", id="claim check"),
    ],
)
def test_what_is_not_built_is_named(wrong: CommandRequest, named: str) -> None:
    """NOT_SUPPORTED rather than something done half."""
    logic = Logic.of(page())
    with pytest.raises(NotSupported, match=named):
        pipeline(logic).execute(wrong, CALLER)
    assert logic.calls == []


@pytest.mark.parametrize("mode", sorted(set(SyncMode) - {SyncMode.CASCADE}))
def test_the_other_modes_store_and_return_the_events(mode: SyncMode) -> None:
    """Without projectors and sagas they differ in nothing (C-0425 to C-0428, C-0432)."""
    answer = pipeline(Logic.of(page())).execute(request(mode=mode), CALLER)
    assert answer.events is not None
    assert [each.sequence for each in answer.events.pages] == [0]


def test_numbers_unknown_to_the_protocol_are_not_supported_either() -> None:
    """What arrives as bytes is refused in the same words."""
    message = pb.CommandRequest(sync_mode=99)
    with pytest.raises(NotSupported, match="sync_mode 99"):
        METHODS.handle_command.decode_request(message.SerializeToString())


def test_a_what_if_is_accepted_without_a_sequence() -> None:
    """Its sequence is not checked, so it need not have one."""
    book = CommandBook(COVER, (CommandPage(COMMAND, merge_strategy=MergeStrategy.STRICT),))
    answer = pipeline(Logic.of(page())).speculate(SpeculateRequest(book), CALLER)
    assert answer.events is not None
    assert len(answer.events.pages) == 1


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (SpeculateRequest(), "MISSING_COMMAND_BOOK"),
        (SpeculateRequest(CommandBook(attrs.evolve(COVER, root=None), (CommandPage(COMMAND),))), "PROTO_UUID_INVALID"),
        (SpeculateRequest(CommandBook(COVER)), "MISSING_COMMAND_PAGE"),
    ],
)
def test_a_what_if_that_makes_no_sense_is_refused(wrong: SpeculateRequest, code: str) -> None:
    """By the same rules (C-0269, C-0280)."""
    with pytest.raises(InvalidArgument) as refused:
        pipeline(Logic.of(page())).speculate(wrong, CALLER)
    assert refused.value.code == code


def test_the_root_is_no_business_of_the_domain() -> None:
    """Any root is accepted: callers choose them."""
    other = request(cover=Cover("account", UUID(int=2**128 - 1)))
    answer = pipeline(Logic.of(page())).execute(other, CALLER)
    assert answer.events is not None
