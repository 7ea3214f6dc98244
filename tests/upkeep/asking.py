"""A house whose provider is a real sandbox, and the chore that asks it."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from contracts.vocabulary import Channel
from store.evidence import inquiries
from store.evidence.inquiries import InquiryLine
from tests.building import House
from tests.dispatch.sending import Sending, open_sending
from workers.bootstrap.upkeep import open_asking
from workers.receipts.counts import Meaning, Way
from workers.sandbox.behaviour import Act, Rule
from workers.upkeep.asking import AskingProviders
from workers.upkeep.chores import Chores

NOT_TOLD = Rule(Act.CALLBACKS, how="none")


@dataclass(frozen=True, slots=True)
class Asked:
    """Sends, and what asks about them; callbacks never come."""

    sending: Sending
    chore: AskingProviders
    chores: Chores

    @property
    def house(self) -> House:
        return self.sending.house

    def behave(self, *rules: Rule) -> None:
        """Let the provider behave so, and call nobody back."""
        self.sending.sandbox.behave(*rules, NOT_TOLD)

    def send(self, channel: Channel = Channel.SMS) -> None:
        """Work off what is due on a channel."""
        self.sending.deliver(channel)

    def ask(self, **after: float) -> int:
        """Let time pass, then ask, and apply what is answered."""
        self.house.clock.advance(**after)
        self.chore.run()
        return self.chore.finish()

    def lines(self) -> list[InquiryLine]:
        """What stands beside the deliveries."""
        ids = [row["id"] for row in self.house.deliveries()]
        with self.house.store.read() as tx:
            found = inquiries.lines_of(tx, ids)
        return [line for delivery_id in ids for line in found.get(delivery_id, ())]

    def counted(self, way: Way, meaning: Meaning) -> int:
        """How often."""
        return self.sending.parts.counts.numbers().get((way, meaning), 0)


@contextlib.contextmanager
def open_asked(url: str, folder: Path) -> Iterator[Asked]:
    """Open one with C-1042 served."""
    with open_sending(url, folder) as sending:
        sending.house.serve()
        chore = open_asking(sending.parts, sending.parts.store)
        if chore is None:
            raise AssertionError("a sandbox can be asked")
        parts = sending.parts
        chores = Chores(
            parts.store,
            parts.readings,
            parts.policies,
            parts.hints,
            lambda: 0,
            interval=1,
            seal_interval=1,
        )
        asked = Asked(sending, chore, chores)
        asked.behave()
        try:
            yield asked
        finally:
            chore.close()
