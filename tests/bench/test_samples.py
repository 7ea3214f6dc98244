import json
from collections import Counter

from bench import samples
from contracts.envelope import parse_structured
from contracts.events import parse_event


def test_every_message_is_as_long_as_the_figures_say() -> None:
    """A rate says little without the size of what was moved."""
    made = samples.messages("run-12", 1_234)

    assert {len(one.body) for one in made} == {samples.EVENT_BYTES}


def test_no_event_is_published_twice_in_one_benchmark() -> None:
    """A duplicate is dropped at intake and would be counted as fast work."""
    made = [*samples.customers(), *samples.messages("run-1", 300), *samples.messages("run-2", 300)]

    assert Counter(one.id for one in made).most_common(1)[0][1] == 1


def test_every_sample_keeps_its_contract() -> None:
    """A rejected event is fast, and is not what is measured."""
    made = [*samples.customers(4), *samples.messages("run-1", 4)]

    types = {parse_event(parse_structured(one.body), admit_drama=True).type for one in made}

    assert types == {one.key for one in made}


def test_half_of_the_messages_go_to_customers_who_read_texts() -> None:
    """The two channels cost differently."""
    kinds = {
        event["subject"]: event["data"]["kind"]
        for event in (json.loads(one.body) for one in samples.customers())
        if event["type"] == "onward.destination.added.v1"
    }

    read = Counter(
        kinds[json.loads(one.body)["subject"]] for one in samples.messages("run-1", 1_000)
    )

    assert read == {"mobile": 500, "email": 500}
