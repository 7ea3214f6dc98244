"""Does an outage cost nobody anything, and does another provider take over meanwhile?"""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from contracts.vocabulary import BreakerState, Channel, DeliveryStatus
from store import providers, tables
from store.providers import ProviderState
from tests.building import preferences
from tests.dispatch.sending import Sending, open_sending
from tests.factories import catch_all
from tests.waiting import eventually
from workers.sandbox.behaviour import Act, Rule
from workers.sandbox.local import Sandbox
from workers.sandbox.settings import SandboxSettings
from workers.upkeep.chores import Chores

S = DeliveryStatus
SMS, EMAIL = Channel.SMS, Channel.EMAIL
CLOSED, OPEN = BreakerState.CLOSED, BreakerState.OPEN


def state_of(sending: Sending, name: str) -> ProviderState:
    """How a provider stands by the store."""
    with sending.house.store.read() as tx:
        (found,) = [one for one in providers.states(tx) if one.name == name]
    return found


def messages(sending: Sending, count: int, start: int = 0) -> None:
    """Have so many messages due."""
    for n in range(start, start + count):
        sending.house.have_message(call_id=f"call-{n}")


def hint_due(sending: Sending) -> int:
    """Have upkeep hint at what is due; give how much."""
    parts, house = sending.parts, sending.house
    chores = Chores(
        house.store,
        house.readings,
        house.policies,
        parts.hints,
        lambda: 0,
        interval=1,
        seal_interval=1,
    )
    return chores.hint_due()


def come_back(sending: Sending, name: str) -> None:
    """Probe one until it is closed, as time goes by."""

    def closed() -> bool:
        sending.house.clock.advance(seconds=30)
        sending.learn()
        return state_of(sending, name).state is CLOSED

    eventually(closed, f"{name} to be closed by probes")
    sending.learn()


@contextlib.contextmanager
def two_of_each(url: str, folder: Path, **settings: Any) -> Iterator[tuple[Sending, Sandbox]]:
    """Open a dispatch with a second SMS account and a second relay, at a sandbox of their own."""
    with Sandbox(SandboxSettings(folder / "second", fsync=False)) as second:
        sender = {
            "name": "spare-sms",
            "account_sid": second.account_sid,
            "auth_token": SecretStr(second.auth_token),
            "sender": "+447700900777",
            "api_url": second.http_url,
        }
        relay = {
            "name": "spare-relay",
            "host": second.smtp_host,
            "port": second.smtp_port,
            "security": "none",
        }
        with open_sending(
            url, folder, sms_senders=[sender], smtp_relays=[relay], **settings
        ) as sending:
            sending.house.serve(rules=[catch_all("d-mobile")])
            yield sending, second


@pytest.fixture
def both(empty_url: str, tmp_path: Path) -> Iterator[tuple[Sending, Sandbox]]:
    """Give one of each kind of store."""
    with two_of_each(empty_url, tmp_path) as opened:
        yield opened


def test_an_outage_opens_the_breaker_and_spends_nobodys_attempts(sending: Sending) -> None:
    """What is due stays due: nothing is claimed, and nobody is the worse for it (hazard 18)."""
    sending.sandbox.behave(Rule(Act.REFUSE, channel="sms", code=20003, status=401))
    messages(sending, 6)
    sending.deliver(SMS)
    sending.house.clock.advance(minutes=30)

    sending.deliver(SMS)

    state = state_of(sending, "twilio-sms")
    assert (state.state, state.code) == (OPEN, "20003")
    rows = sending.house.deliveries(channel=SMS)
    assert {(row["status"], row["attempts"], row["fence"]) for row in rows} == {(S.PENDING, 0, 1)}
    assert {row["hinted_at"] for row in rows} == {None}


def test_upkeep_hints_at_nothing_while_it_is_out_and_at_once_when_it_is_back(
    sending: Sending,
) -> None:
    """Queues do not fill with what nobody may send, and nothing is forgotten."""
    sending.sandbox.behave(Rule(Act.UNAVAILABLE, channel="read"))
    sending.sandbox.behave_also(Rule(Act.REFUSE, channel="sms", code=20003, status=401))
    messages(sending, 6)
    sending.deliver(SMS)
    sending.house.clock.advance(hours=1)
    sending.deliver(EMAIL)
    sending.deliver(SMS)

    while_out = hint_due(sending)
    sending.sandbox.behave()
    come_back(sending, "twilio-sms")
    once_back = hint_due(sending)
    sending.deliver(SMS)

    assert (while_out, once_back) == (0, 6)
    assert {row["status"] for row in sending.house.deliveries(channel=SMS)} == {S.ACCEPTED}
    assert {row["attempts"] for row in sending.house.deliveries(channel=SMS)} == {1}
    assert len([a for a in sending.accepted() if a.kind == "sms"]) == 6


def test_a_probe_never_sends_anything(embedded: Sending) -> None:
    """A delivery as a probe would leave a customer's text uncertain each time (hazard 18)."""
    embedded.sandbox.behave(Rule(Act.REFUSE, channel="sms", code=20003, status=401))
    messages(embedded, 6)
    embedded.deliver(SMS)

    come_back(embedded, "twilio-sms")

    assert embedded.accepted() == []
    assert {row["fence"] for row in embedded.house.deliveries(channel=SMS)} == {1}


def test_one_of_many_processes_takes_a_probe(embedded: Sending) -> None:
    """Ten processes that ask at once are a storm at a provider that is coming back."""
    embedded.sandbox.behave(Rule(Act.REFUSE, channel="sms", code=20003, status=401))
    messages(embedded, 6)
    embedded.deliver(SMS)
    embedded.sandbox.behave(Rule(Act.SLOW, channel="read", latency_ms=300))
    embedded.house.clock.advance(seconds=30)
    embedded.learn()
    eventually(
        lambda: state_of(embedded, "twilio-sms").probe_at > embedded.house.clock.now,  # type: ignore[operator] # open: it is set
        "the probe to be taken",
    )

    with embedded.house.store.read() as tx:
        due = [s for s in providers.states(tx) if s.probe_at and s.probe_at <= tx.now]

    assert due == []
    eventually(lambda: state_of(embedded, "twilio-sms").harmless == 1, "the probe's end")


def test_a_storm_of_rate_limits_ends_with_everything_accepted_once(embedded: Sending) -> None:
    """The provider is left alone for as long as it says, and nothing is spent on it."""
    embedded.sandbox.behave(Rule(Act.RATE_LIMIT, channel="sms", per_second=4, retry_after=2))
    messages(embedded, 20)

    def all_sent() -> bool:
        embedded.deliver(SMS)
        embedded.house.clock.advance(seconds=2.5)
        embedded.learn()
        return {row["status"] for row in embedded.house.deliveries(channel=SMS)} == {S.ACCEPTED}

    eventually(all_sent, "everything accepted")

    sent = [a for a in embedded.accepted() if a.kind == "sms"]
    assert len(sent) == 20
    assert {row["attempts"] for row in embedded.house.deliveries(channel=SMS)} == {1}


def test_the_next_in_order_takes_over_and_gives_back(both: tuple[Sending, Sandbox]) -> None:
    """Under its own name and from its own number, until the first is really back."""
    sending, second = both
    sending.sandbox.behave(Rule(Act.REFUSE, channel="sms", code=20003, status=401))
    messages(sending, 6)
    sending.deliver(SMS)
    sending.house.clock.advance(minutes=5)
    sending.learn()
    sending.deliver(SMS)
    took_over = [(a.to, a.sender) for a in second.record()]
    by_second = {row["provider"] for row in sending.house.deliveries(channel=SMS)}

    sending.sandbox.behave()
    come_back(sending, "twilio-sms")
    messages(sending, 1, start=6)
    sending.deliver(SMS)

    assert took_over == [("+447700900123", "+447700900777")] * 6
    assert by_second == {"spare-sms"}
    assert [a.kind for a in sending.accepted()] == ["sms"]
    named = {(a["provider"], a["verdict"]) for a in sending.house.rows(tables.attempts)}
    assert named == {
        ("twilio-sms", "deferred"),
        ("spare-sms", "accepted"),
        ("twilio-sms", "accepted"),
    }
    assert {entry["provider"] for entry in sending.house.entries()} == {"spare-sms", "twilio-sms"}


def test_another_provider_never_sends_what_may_have_been_sent(
    both: tuple[Sending, Sandbox],
) -> None:
    """The first has them and we did not hear: a second text would be our doing."""
    sending, second = both
    sending.sandbox.behave(Rule(Act.ACCEPT_THEN_FAULT, channel="sms"))
    messages(sending, 6)
    sending.deliver(SMS)
    sending.house.clock.advance(minutes=1)

    sending.deliver(SMS)
    hint_due(sending)
    messages(sending, 1, start=6)
    sending.deliver(SMS)

    assert state_of(sending, "twilio-sms").state is OPEN
    assert len(sending.accepted()) == 6
    assert len(second.record()) == 1
    assert sorted(row["status"].value for row in sending.house.deliveries()) == [
        "accepted",
        *["uncertain"] * 6,
    ]


def test_a_second_relay_takes_over(empty_sqlite_url: str, tmp_path: Path) -> None:
    """The first does not even answer: nothing has left, so all of it may go by the other."""
    with two_of_each(empty_sqlite_url, tmp_path, smtp_timeout_seconds=2) as (sending, second):
        sending.house.tell(preferences("C-1042", catch_all("d-mail")))
        sending.sandbox.behave(Rule(Act.UNAVAILABLE, channel="email", stage="connect"))
        messages(sending, 6)
        sending.deliver(EMAIL)
        sending.house.clock.advance(minutes=5)
        sending.learn()

        sending.deliver(EMAIL)

        assert state_of(sending, "smtp").state is OPEN
        assert [a.kind for a in second.record()] == ["email"] * 6
        assert {row["provider"] for row in sending.house.deliveries(channel=EMAIL)} == {
            "spare-relay"
        }


def test_what_an_operator_paused_is_passed_over_and_all_paused_stops_the_channel(
    both: tuple[Sending, Sandbox],
) -> None:
    """Pausing one is for the next to take over; pausing all is to stop."""
    sending, second = both
    messages(sending, 1)
    with sending.house.store.write() as tx:
        providers.pause(tx, "twilio-sms", "ops", "their maintenance")
    sending.learn()
    sending.deliver(SMS)
    with sending.house.store.write() as tx:
        providers.pause(tx, "spare-sms", "ops", "to stop it all")
    sending.learn()
    messages(sending, 1, start=1)

    sending.deliver(SMS)

    assert (len(sending.accepted()), len(second.record())) == (0, 1)
    assert sorted(row["status"].value for row in sending.house.deliveries()) == [
        "accepted",
        "pending",
    ]
    with sending.house.store.write() as tx:
        providers.resume(tx, "twilio-sms", "ops")
    sending.learn()
    sending.deliver(SMS)
    assert len(sending.accepted()) == 1


def test_what_is_claimed_and_not_begun_is_given_back_when_the_breaker_opens(
    empty_sqlite_url: str, tmp_path: Path
) -> None:
    """A hundred were claimed; the fifth timeout must not be followed by ninety-five more."""
    with open_sending(empty_sqlite_url, tmp_path, twilio_connections=1) as sending:
        sending.house.serve(rules=[catch_all("d-mobile")])
        sending.sandbox.behave(
            Rule(Act.SLOW, channel="sms", latency_ms=60),
            Rule(Act.UNAVAILABLE, channel="sms"),
        )
        messages(sending, 30)

        sending.deliver(SMS)

        count = [row["status"] for row in sending.house.deliveries()].count
        assert count(S.UNCERTAIN) < 30
        assert count(S.UNCERTAIN) + count(S.PENDING) == 30
        assert {
            row["attempts"] for row in sending.house.deliveries() if row["status"] is S.PENDING
        } == {0}
