"""What can be tried while the demo stays? Addresses, keys, and commands to paste."""

import json
import signal
import threading
from typing import TYPE_CHECKING

from rich.console import Console

from workers.demo.telling import SOURCES

if TYPE_CHECKING:
    from workers.demo.world import World


def stay(console: Console, world: "World") -> None:
    """Say what can be tried, and wait for Ctrl-C (or SIGTERM)."""
    told = threading.Event()
    before = {
        number: signal.signal(number, lambda *_: told.set())
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        _show(console, world)
        while not told.wait(1):  # in steps: a wait without end shuts signals out on some systems
            pass
    finally:
        for number, action in before.items():
            signal.signal(number, action)


def _show(console: Console, world: "World") -> None:
    say = console.out
    say(f"\nOnward stays at {world.url} (what it answers: {world.url}/docs)")
    say(
        f"The sandbox stays at {world.sandbox.http_url}/sandbox/record; its files in {world.folder}"
    )
    say("\nThe publishers' keys:")
    for who, key in world.keys.items():
        say(f"  {who:<13} {key}   (source {SOURCES[who]})")
    who = next(iter(SOURCES))
    say("\nPublish a message, and see what became of it:")
    say(_publish(world, who))
    say(
        f"  curl -H 'Authorization: Bearer {world.keys[who]}'"
        f" '{world.url}/events/try-1?source={SOURCES[who]}'"
    )
    say("\nLook at it from another terminal:")
    for name, value in world.environment.items():
        say(f"  export {name}='{value}'")
    say("  onward sends --customer C-2001")
    say("  onward find 'Priya Nair'")
    say("  onward attention")
    say("  onward trace m-41")
    say("  onward queues --watch")
    say("  onward verify")
    say("\nCtrl-C ends it.")


def _publish(world: "World", who: str) -> str:
    event = {
        "specversion": "1.0",
        "id": "try-1",
        "source": SOURCES[who],
        "type": "onward.call.message_taken.v1",
        "subject": "C-2001",
        "data": {
            "call_id": "try-1",
            "taken_at": "2026-01-05T09:30:00Z",
            "text": "Please ring back.",
            "caller": {"name": "Priya Nair", "number": "07700 900400"},
        },
    }
    return (
        f"  curl {world.url}/events -H 'Authorization: Bearer {world.keys[who]}' \\\n"
        "    -H 'Content-Type: application/cloudevents+json' \\\n"
        f"    -d '{json.dumps(event)}'"
    )
