"""What does the mailroom report, ask and do?"""

from workers.demo.events.writing import EMAIL, SMS, Pen
from workers.demo.telling import CALL_CENTRE, MAILROOM, Asked, Hour, Told


def post(pen: Pen) -> Hour:
    """Letters, parcels and scans."""
    told = (
        Told(
            "k-05",
            CALL_CENTRE,
            "call.ended",
            {"call_id": "k-01", "outcome": "answered", "ended_at": pen.at()},
            shows="The call that was put through is over",
        ),
        pen.message(
            "k-06",
            "C-2007",
            "The agent's message of the late call follows it up",
            call_id="k-03",
            ends=(SMS,),
        ),
        pen.item(
            "p-01",
            "IT-01",
            "C-2002",
            "A letter comes: its scan will tell",
            ends=("not_sent:scan_follows",),
            sender={"name": "HM Example Registry", "class": "official"},
        ),
        pen.scan("p-02", "IT-01", "letter", "C-2002", "The scan goes on by email"),
        pen.item(
            "p-03",
            "IT-02",
            None,
            "A letter to a partner by name",
            addressee="Moira Fenwick",
            ends=("not_sent:scan_follows",),
            contains=["legal"],
        ),
        pen.scan("p-04", "IT-02", "summons", "C-2002", "Its scan follows it"),
        pen.item(
            "p-05",
            "IT-03",
            "C-2010",
            "A letter to be sent on: notice by email, letter by the mailroom",
            meanwhile=("post d-studio pending:planned", EMAIL),
            ends=("post d-studio accepted", EMAIL),
        ),
        pen.item(
            "p-06",
            "IT-04",
            "C-2010",
            "Another, but the customer will fetch it",
            meanwhile=("post d-studio pending:planned", EMAIL),
            ends=("post d-studio cancelled:rules_changed", EMAIL),
        ),
        pen.item(
            "p-07",
            "IT-05",
            "C-2011",
            "A letter to be held; the customer wants no word of it",
            ends=("not_sent:rule_sends_nothing",),
        ),
        pen.item(
            "p-08",
            "IT-06",
            None,
            "A parcel addressed by name alone",
            addressee="Northgate Cycles",
            size="parcel",
            ends=(SMS,),
        ),
        pen.item(
            "p-09",
            "IT-07",
            None,
            "A letter to nobody we know: it waits",
            addressee="Hollow Oak Taxidermy",
            answer="waiting",
            ends=("waiting:addressee",),
        ),
    )
    return Hour("11:15", "The post is sorted", told)


def letters(pen: Pen) -> Hour:
    """The clerk asks what to do, and reports what was done."""
    told = (
        Told(
            "p-20",
            MAILROOM,
            "post.dispatched",
            {
                "dispatch_id": "DS-1",
                "items": ["IT-03"],
                "destination_id": "d-studio",
                "carrier": "Example Mail",
                "handed_over_at": pen.at(),
                "tracking_reference": "XR123456785GB",
            },
            shows="The letter is handed to the carrier",
        ),
        Told(
            "p-21",
            MAILROOM,
            "item.instructed",
            {"items": ["IT-04"], "do": "collect", "told_us_by": "phone"},
            shows="The customer says: I will fetch it",
        ),
        Told(
            "p-22",
            MAILROOM,
            "post.disposed",
            {"items": ["IT-06"], "how": "collected", "at": pen.at(), "by": "Lewis Grant"},
            shows="The parcel is fetched",
        ),
    )
    asks = (
        Asked("IT-03", "forward"),
        Asked("IT-05", "hold"),
        Asked("IT-06", "collect"),
    )
    return Hour("12:30", "The mailroom asks, and does", told, asks)
