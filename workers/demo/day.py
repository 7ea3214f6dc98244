"""How does the demo's day go? From the opening of the doors to the check of its record."""

import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from importlib.util import find_spec
from itertools import chain, groupby
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from contracts.vocabulary import Channel
from store.record import sealing
from workers.demo import report, staying
from workers.demo.agreement import calls_told_back, disagreements, passed_by, told_otherwise
from workers.demo.documents import papers
from workers.demo.events import CARD, hours
from workers.demo.office import businesses
from workers.demo.telling import BILLING, CALL_CENTRE, MAILROOM, Asked, Hour, Told
from workers.demo.watching import Watch, astray, until

if TYPE_CHECKING:
    from workers.demo.world import World

_SETTLE_SECONDS = 40.0  # for each hour; on an idle machine two are enough
_WRONG, _UNUSABLE = 1, 2
_EXTRA = ("fpdf", "aiosmtpd")
_WIDTH = 160  # where the output is no terminal


def play(*, stay: bool, folder: Path | None) -> int:
    """Play one day; 0 if the record and the sandbox agree on it, 1 if not, 2 if it cannot be."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=_WIDTH)
    if any(find_spec(name) is None for name in _EXTRA):
        console.print(
            "The demo needs fpdf2 and aiosmtpd, which are not installed:"
            " pip install 'onward[sandbox]'",
            markup=False,
        )
        return _UNUSABLE
    from workers.demo.doors import RefusedError  # noqa: PLC0415 - as below
    from workers.demo.installation import DemoError  # noqa: PLC0415 - as below
    from workers.demo.world import open_world  # noqa: PLC0415 - needs the extra

    # Whatever ends the demo, what it started ends with it.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    try:
        with open_world(folder, os.environ) as world:
            return _Day(console, world).play(stay=stay)
    except DemoError as unfit:
        console.print(f"The demo cannot be played: {unfit}", markup=False)
        return _UNUSABLE
    except RefusedError as refused:
        console.print(f"The day broke off, a door refused: {refused}", markup=False)
        return _WRONG


class _Day:
    """One day in one world."""

    def __init__(self, console: Console, world: "World") -> None:
        self._console = console
        self._world = world
        self._store = world.parts.store
        self._watch = Watch(console, self._store)
        self._now = datetime.now(UTC)
        self._papers = papers(self._now)
        self._hours = hours(self._now, self._papers)
        self._told = [told for hour in self._hours for told in hour.told]
        self._wrong: list[str] = []

    def play(self, *, stay: bool) -> int:
        """Tell everything, wait until it has come to rest, show it and check it."""
        began = time.monotonic()
        self._hand_in_papers()
        for hour in self._hours:
            self._play_hour(hour)
        self._check_the_end()
        self._check_the_record()
        self._say_how_it_went(time.monotonic() - began)
        if stay:
            staying.stay(self._console, self._world)
        return _WRONG if self._wrong else 0

    def _hand_in_papers(self) -> None:
        for name, paper in self._papers.items():
            billed = name.startswith(("INV", "CN"))
            self._world.doors[BILLING if billed else MAILROOM].put(paper)

    def _play_hour(self, hour: Hour) -> None:
        began = time.monotonic()
        with self._watch.begin(hour):
            for caller, dialled, sid in hour.ringing:
                self._world.sandbox.waiting_call(caller, dialled, sid)
            for asked in hour.asks:
                self._ask(asked)
            for who, group in groupby(hour.told, key=lambda one: one.by):
                self._tell(who, list(group))
            wrong = self._watch.rest(hour, _SETTLE_SECONDS)
        self._wrong += [one.says() for one in wrong]
        self._watch.ended(hour, wrong, began)

    def _ask(self, asked: Asked) -> None:
        answer = self._world.doors[MAILROOM].item(asked.item_id)
        addressed = bool(answer.get("address"))
        if answer["do"] != asked.do or addressed != (asked.do == "forward"):
            self._wrong.append(
                f"{asked.item_id}: expected the mailroom to be told {asked.do},"
                f" it was told {answer['do']}"
            )

    def _tell(self, who: str, told: Sequence[Told]) -> None:
        if who == CALL_CENTRE and self._world.by_broker is not None:
            self._world.by_broker.publish(told)  # answers come on onward.outcomes
            return
        answers = self._world.doors[who].publish(told)
        self._wrong += [
            f"{one.id}: expected the door to say {one.answer}, it said {answer}"
            for one, answer in zip(told, answers, strict=True)
            if answer != one.answer
        ]

    def _check_the_end(self) -> None:
        """Every event of the day has become what the script says."""
        wrong = until(
            lambda: astray(self._store, self._told, at_the_end=True),
            lambda found: not found,
            _SETTLE_SECONDS,
        )
        self._wrong += [one.says() for one in wrong]

    def _check_the_record(self) -> None:
        """The ledger is whole, says what the sandbox says, and no card number got through."""
        office = businesses(self._now)
        verified = until(
            lambda: sealing.verify(self._store),
            lambda found: found.unsealed == 0 or found.broken is not None,
            _SETTLE_SECONDS,
        )
        if verified.broken is not None or verified.unsealed:
            what = verified.broken.what if verified.broken else "not everything was sealed in time"
            self._wrong.append(f"the ledger: {what}")
        record = report.record_of(self._store, [one.ref for one in office])
        report.print_day(self._console, self._store, office, record, self._told)
        accepted = self._world.sandbox.record()
        letters = [
            str(one.data["tracking_reference"])
            for one in self._told
            if one.type == "post.dispatched"
        ]
        lines = list(chain.from_iterable(record.values()))
        self._wrong += disagreements(lines, accepted, letters)
        self._wrong += self._carried_wrongly()
        self._wrong += passed_by(self._told, lines)
        self._wrong += told_otherwise(self._told, self._world.doors)
        self._wrong += self._heard_otherwise()
        self._console.print(
            f"The ledger has {verified.entries} entries under {verified.seals} seals;"
            f" the sandbox accepted {len(accepted)} sends."
        )

    def _carried_wrongly(self) -> Iterator[str]:
        """What was sent holds what it must, and not what it must not."""
        accepted = self._world.sandbox.record()
        if any(CARD in (one.body or "") for one in accepted):
            yield "a card number was sent on"
        if not any(CARD[-4:] in (one.body or "") and "*" in (one.body or "") for one in accepted):
            yield "the text with the masked card number was not sent"
        carried = {file.sha256 for one in accepted for file in one.attachments}
        scanned = {
            str(one.data[name]["sha256"])
            for one in self._told
            for name in ("scan", "document", "credit_note")
            if name in one.data and f"{Channel.EMAIL} " in " ".join(one.ends)
        }
        if missing := len(scanned - carried):
            yield f"{missing} documents did not arrive as they were handed in"
        if carried - scanned:
            yield "an email carried a document that nobody asked to be sent"

    def _heard_otherwise(self) -> Iterator[str]:
        """The call-centre was told on its own door what became of each call."""
        wanted = {one.id: one.told_back for one in self._told if one.told_back is not None}
        door = self._world.doors[CALL_CENTRE]
        heard = until(
            lambda: calls_told_back(door),
            lambda found: found.keys() >= wanted.keys(),
            _SETTLE_SECONDS,
        )
        for call, outcome in wanted.items():
            if heard.get(call) != outcome:
                yield f"{call}: the call-centre should hear {outcome}, it heard {heard.get(call)}"

    def _say_how_it_went(self, seconds: float) -> None:
        if not self._wrong:
            self._console.print(
                f"[bold green]Ledger and sandbox agree[/], and all {len(self._told)} events became"
                f" what they should, in {seconds:.0f} s."
            )
            return
        self._console.print(f"[bold red]{len(self._wrong)} disagreements:[/]")
        for each in dict.fromkeys(self._wrong):
            self._console.print(f"  {each}", markup=False, highlight=False)
