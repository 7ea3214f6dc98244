"""Whom does the demo's office serve, and what does each of them want? As data.

All names are invented; numbers are from the ranges that Ofcom keeps for drama.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from workers.demo.wishes import (
    CALLS,
    MESSAGES,
    NO_CALLS,
    Wish,
    a_clock_at_night,
    all_of,
    first_of,
    rule,
)

REFUSED_MOBILE = "+447700900103"  # the provider knows no such number
STOPPED_MOBILE = "+447700900105"  # its owner answered STOP
CROWDED_MOBILE = "+447700900108"  # one text a second, and no more
GREYLISTED = "keys@pemberton-locksmiths.example"  # 451 at the first try
SILENT_MOBILE = "+447700900109"  # taken, and the answer lost
DEAD_MOBILE = "+447700900119"  # taken, and never delivered
BUSY_MOBILE = "+447700900114"  # 429 at every try
ANSWERED_DESK = "+442079460106"
UNANSWERED_DESK = "+442079460107"

TELEPHONE = ("phone_answering",)
POST = ("mail_forwarding",)


@dataclass(frozen=True, slots=True)
class Place:
    """One destination of a business."""

    id: str
    kind: str
    value: str


@dataclass(frozen=True, slots=True)
class Business:
    """One customer of the office: who they are, where they are reached, and what they want."""

    ref: str
    name: str
    person: str
    services: tuple[str, ...]
    places: tuple[Place, ...]
    rules: tuple[Wish, ...]
    email: str | None = None
    invoice_email: str | None = None
    number: str | None = None
    time_zone: str = "Europe/London"
    callers: Mapping[str, Sequence[str]] | None = None
    consents: bool = False


def businesses(now: datetime) -> tuple[Business, ...]:
    """Give all customers that are there when the day begins, or join in its course."""
    return (*_on_the_telephone(), *_out_of_hours(now), *_put_through(), *_by_post())


def _mobile(number: str, name: str = "d-mobile") -> Place:
    return Place(name, "mobile", number)


def _mail(address: str) -> Place:
    return Place("d-email", "email", address)


def _on_the_telephone() -> tuple[Business, ...]:
    return (
        Business(
            "C-2001",
            "Marlowe Joinery",
            "Ruth Marlowe",
            TELEPHONE,
            (_mobile("07700 900101"),),
            (NO_CALLS, all_of("d-mobile")),
            email="ruth@marlowe-joinery.example",
            number="01632 960201",
            consents=True,
        ),
        Business(
            "C-2003",
            "Tidewater Kayaks",
            "Owen Pryce",
            TELEPHONE,
            (_mobile(REFUSED_MOBILE), _mail("hello@tidewater-kayaks.example")),
            (NO_CALLS, first_of("d-mobile", "d-email")),
            email="hello@tidewater-kayaks.example",
        ),
        Business(
            "C-2005",
            "Bramble Bakery",
            "Ines Okafor",
            TELEPHONE,
            (_mobile(STOPPED_MOBILE), _mail("orders@bramble-bakery.example")),
            (NO_CALLS, all_of("d-mobile", "d-email")),
            email="orders@bramble-bakery.example",
            consents=True,
        ),
        Business(
            "C-2008",
            "Pemberton Locksmiths",
            "Gil Pemberton",
            TELEPHONE,
            (_mobile(CROWDED_MOBILE), _mail(GREYLISTED)),
            (
                NO_CALLS,
                rule("urgent", "d-email", events=[MESSAGES], match={"min_urgency": "urgent"}),
                all_of("d-mobile"),
            ),
            email="gil@pemberton-locksmiths.example",
        ),
        Business(
            "C-2009",
            "Lantern Events",
            "Petra Lind",
            TELEPHONE,
            (
                _mobile(SILENT_MOBILE),
                _mobile(DEAD_MOBILE, "d-crew"),
                _mail("desk@lantern-events.example"),
            ),
            (
                NO_CALLS,
                rule(
                    "crew",
                    "d-crew",
                    "d-email",
                    events=[MESSAGES],
                    mode="first",
                    match={"department": ["crew"]},
                ),
                all_of("d-mobile"),
            ),
        ),
        Business(
            "C-2012",
            "Willow & Wren Florists",
            "Wren Abara",
            TELEPHONE,
            (_mobile("07700 900112"),),
            (NO_CALLS, all_of("d-mobile")),
            email="shop@willow-wren.example",
        ),
        Business(
            "C-2014",
            "Ashdown Surveyors",
            "Noor Ashdown",
            TELEPHONE,
            (_mobile(BUSY_MOBILE), _mail("office@ashdown-surveyors.example")),
            (NO_CALLS, first_of("d-mobile", "d-email")),
            email="office@ashdown-surveyors.example",
        ),
    )


def _out_of_hours(now: datetime) -> tuple[Business, ...]:
    night = a_clock_at_night(now)
    morning: dict[str, Any] = {"window": {"from": "08:00", "to": "17:30"}, "timing": "next_window"}
    return (
        Business(
            "C-2004",
            "Harbour Lights Shipping",
            "Kenji Sato",
            TELEPHONE,
            (_mobile("07700 900104"),),
            (
                NO_CALLS,
                rule("urgent", "d-mobile", events=[MESSAGES], match={"min_urgency": "urgent"}),
                rule("in-hours", "d-mobile", events=[MESSAGES], **morning),
            ),
            email="bridge@harbour-lights.example",
            time_zone=night,
        ),
        Business(
            "C-2013",
            "Copperfield Tutors",
            "Dora Finch",
            TELEPHONE,
            (_mobile("07700 900113"),),
            (NO_CALLS, rule("in-hours", "d-mobile", events=[MESSAGES], **morning)),
            email="dora@copperfield-tutors.example",
            time_zone=night,
        ),
    )


def _put_through() -> tuple[Business, ...]:
    both = ("phone_answering", "telephone_forwarding")
    return (
        Business(
            "C-2006",
            "Quill Architects",
            "Hana Quill",
            both,
            (Place("d-desk", "voice", ANSWERED_DESK), _mail("studio@quill-architects.example")),
            (
                rule("calls", "d-desk", events=[CALLS], call={"ring_seconds": 10}),
                rule("pests", events=[MESSAGES], match={"caller": "blocked"}, timing="none"),
                all_of("d-email"),
            ),
            email="accounts@quill-architects.example",
            number="01632 960206",
            callers={"vip": [], "blocked": ["01632 960999"]},
        ),
        Business(
            "C-2007",
            "Orchard Dental",
            "Samir Rao",
            both,
            (Place("d-desk", "voice", UNANSWERED_DESK), _mobile("07700 900107")),
            (
                rule("calls", "d-desk", events=[CALLS], call={"ring_seconds": 5}),
                all_of("d-mobile"),
            ),
            email="practice@orchard-dental.example",
            number="01632 960207",
        ),
    )


def _by_post() -> tuple[Business, ...]:
    return (
        Business(
            "C-2002",
            "Fenwick & Daughters Solicitors",
            "Moira Fenwick",
            (*TELEPHONE, *POST),
            (_mobile("07700 900102"), _mail("post@fenwick-daughters.example")),
            (
                NO_CALLS,
                rule(
                    "urgent",
                    "d-mobile",
                    "d-email",
                    events=[MESSAGES],
                    match={"min_urgency": "urgent"},
                ),
                rule("all-else", "d-email", post={"do": "scan"}),
            ),
            email="moira@fenwick-daughters.example",
            invoice_email="accounts@fenwick-daughters.example",
        ),
        Business(
            "C-2010",
            "Saltmarsh Pottery",
            "Edie Marsh",
            POST,
            (
                Place("d-studio", "postal", "The Kiln Yard\n4 Saltmarsh Lane\nExampleton\nEX1 4ZZ"),
                _mail("edie@saltmarsh-pottery.example"),
            ),
            (
                rule(
                    "post",
                    "d-email",
                    events=["post.received", "post.scanned"],
                    content="notice",
                    post={"do": "forward", "postal_destination": "d-studio"},
                ),
                rule("unpaid", "d-email", events=["invoice.overdue", "payment.failed"]),
            ),
            email="edie@saltmarsh-pottery.example",
            invoice_email="books@saltmarsh-pottery.example",
        ),
        Business(
            "C-2011",
            "Northgate Cycles",
            "Lewis Grant",
            ("registered_office",),
            (_mail("lewis@northgate-cycles.example"), _mobile("07700 900111")),
            (
                rule(
                    "parcels",
                    "d-mobile",
                    events=["post.received"],
                    match={"post_class": ["packet", "parcel"]},
                    post={"do": "collect"},
                ),
                rule(
                    "letters",
                    events=["post.received", "post.scanned"],
                    timing="none",
                    post={"do": "hold"},
                ),
                rule("unpaid", "d-mobile", events=["payment.failed"]),
            ),
            email="lewis@northgate-cycles.example",
        ),
    )
