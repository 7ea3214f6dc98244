"""What holds for every provider, whatever it speaks: the order of a send and its four answers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import uvloop

from contracts.vocabulary import Reason
from tests.providers.servers import Conversation, Wire, closed_port, serving, until
from tests.providers.subjects import SUBJECTS, Subject
from workers.providers.base import Accepted, Deferred, Provider, Unknown

every_provider = pytest.mark.parametrize("subject", SUBJECTS, ids=str)


class Mark:
    """Counts how often the first byte was announced."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> None:
        self.times += 1


class JournalFullError(OSError):
    """What a journal that cannot be written raises: an `OSError`, like a network's faults."""


def refuse_to_mark() -> None:
    """Stand for a journal on a full disk."""
    raise JournalFullError


@asynccontextmanager
async def provider_at(
    subject: Subject, conversation: Conversation, *, limit: float = 5.0, connections: int = 4
) -> AsyncIterator[tuple[Provider, Wire]]:
    """A provider whose sends may take ``limit`` seconds, and the server it talks to."""
    async with serving(conversation) as wire:
        provider = subject.make(wire.port, limit, connections)
        try:
            yield provider, wire
        finally:
            await provider.close()


@every_provider
def test_what_is_taken_is_accepted_with_the_providers_reference(subject: Subject) -> None:
    """The reference is what receipts and enquiries at the provider go by."""
    mark = Mark()

    async def play() -> None:
        async with provider_at(subject, subject.takes) as (provider, wire):
            verdict = await provider.send(subject.outgoing, mark)

            assert isinstance(verdict, Accepted)
            assert verdict.reference
            assert subject.reference in {None, verdict.reference}
            assert len(wire.asked) == 1

    uvloop.run(play())
    assert mark.times == 1


@every_provider
def test_a_provider_nobody_reaches_is_definite_and_spends_no_attempt(subject: Subject) -> None:
    """An outage must cost no delivery its retries, nor leave any uncertain."""
    mark = Mark()

    async def play() -> None:
        provider = subject.make(await closed_port(), 5.0, 4)

        verdict = await provider.send(subject.outgoing, mark)

        await provider.close()
        assert isinstance(verdict, Deferred)
        assert verdict.reason is Reason.UNREACHABLE
        assert verdict.spends_attempt is False

    uvloop.run(play())
    assert mark.times == 0


@every_provider
@pytest.mark.parametrize("how", ["drops", "garbles", "hangs"])
def test_a_send_without_a_readable_answer_is_unknown(subject: Subject, how: str) -> None:
    """It may have been taken: neither "sent" nor "not sent" may be guessed."""
    mark = Mark()

    async def play() -> None:
        async with provider_at(subject, getattr(subject, how), limit=1) as (provider, wire):
            verdict = await provider.send(subject.outgoing, mark)

            assert isinstance(verdict, Unknown)
            assert verdict.reason is Reason.NO_ANSWER
            assert len(wire.asked) == 1

    uvloop.run(play())
    assert mark.times == 1


@every_provider
def test_a_send_answers_within_its_timeout(subject: Subject) -> None:
    """A lease is only longer than a send if the send's limit holds."""

    async def play() -> float:
        async with provider_at(subject, subject.hangs, limit=0.3) as (provider, _):
            began = asyncio.get_running_loop().time()
            await provider.send(subject.outgoing)
            return asyncio.get_running_loop().time() - began

    took = uvloop.run(play())

    assert 0.2 < took < 1.0


@every_provider
def test_nothing_leaves_unless_it_could_be_marked(subject: Subject) -> None:
    """A byte before its journal entry would make "no entry" prove nothing after a crash."""

    async def play() -> None:
        async with provider_at(subject, subject.takes) as (provider, wire):
            with pytest.raises(JournalFullError):
                await provider.send(subject.outgoing, refuse_to_mark)

            await provider.close()
            await until(lambda: wire.open == 0)
            assert wire.opened == 1
            assert wire.asked == []

    uvloop.run(play())


@every_provider
def test_a_connection_is_kept_for_the_next_send(subject: Subject) -> None:
    """A handshake for each send would cost more than the send."""

    async def play() -> None:
        async with provider_at(subject, subject.takes) as (provider, wire):
            verdicts = [await provider.send(subject.outgoing) for _ in range(5)]

            assert all(isinstance(verdict, Accepted) for verdict in verdicts)
            assert wire.opened == 1
            assert len(wire.asked) == 5

    uvloop.run(play())


@every_provider
def test_no_more_connections_are_open_than_allowed(subject: Subject) -> None:
    """Providers refuse a client that opens too many; what is beyond waits its turn."""

    async def play() -> None:
        async with provider_at(subject, subject.takes, connections=3) as (provider, wire):
            verdicts = await asyncio.gather(*(provider.send(subject.outgoing) for _ in range(30)))

            assert all(isinstance(verdict, Accepted) for verdict in verdicts)
            assert wire.most_open <= 3

    uvloop.run(play())


@every_provider
def test_concurrent_sends_each_have_their_own_mark(subject: Subject) -> None:
    """Each attempt has a journal entry of its own, however many run together."""
    marks = [Mark() for _ in range(20)]

    async def play() -> None:
        async with provider_at(subject, subject.takes) as (provider, _):
            await asyncio.gather(*(provider.send(subject.outgoing, mark) for mark in marks))

    uvloop.run(play())

    assert [mark.times for mark in marks] == [1] * 20


@every_provider
def test_close_gives_back_every_connection(subject: Subject) -> None:
    """A stopping process must not leave the provider with half-open connections."""

    async def play() -> None:
        async with provider_at(subject, subject.takes) as (provider, wire):
            await asyncio.gather(*(provider.send(subject.outgoing) for _ in range(4)))

            await provider.close()

            await until(lambda: wire.open == 0)

    uvloop.run(play())


@every_provider
def test_what_belongs_to_another_channel_is_a_bug_and_not_an_outcome(subject: Subject) -> None:
    """A mix-up of channels is ours: as a verdict it would be recorded as the provider's word."""

    async def play() -> None:
        provider = subject.make(await closed_port(), 1.0, 1)
        with pytest.raises(TypeError):
            await provider.send(subject.foreign)
        await provider.close()

    uvloop.run(play())
