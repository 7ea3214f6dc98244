"""How does the day begin, and what changes in its course? Registrations, rules, destinations."""

from workers.demo.events.writing import EMAIL, INVOICED, LEAVES, SMS, Pen
from workers.demo.opening import JOINS_LATER, joining
from workers.demo.telling import Hour


def opening(pen: Pen) -> Hour:
    """Customers with their destinations and rules; and somebody who only enquires."""
    there = [one for one in pen.office.values() if one.ref != JOINS_LATER]
    told = [event for one in there for event in joining(one, pen.now)]
    told += [
        pen.of(
            "juniper-1",
            "customer.enquired",
            "C-2015",
            {
                "name": "Mae Juniper",
                "service_type": "phone answering",
                "via": "web",
                "email": "mae@juniper-yoga.example",
            },
        ),
        pen.of(
            "juniper-2",
            "customer.ordered",
            "C-2015",
            {
                "name": "Mae Juniper",
                "service_type": "phone answering",
                "via": "web",
                "stage": "begun",
            },
        ),
    ]
    return Hour("08:00", "Customers, their destinations and their rules", tuple(told))


def changes(pen: Pen) -> Hour:
    """What changes while the day goes on."""
    office = pen.office
    told = (
        *joining(office[JOINS_LATER], pen.now, shows="The unknown customer registers"),
        pen.of(
            "c-01",
            "destination.removed",
            "C-2014",
            {"destination_id": "d-mobile"},
            "A number is removed: what was on its way takes the next step",
        ),
        pen.of(
            "c-02",
            "destination.added",
            "C-2003",
            {"destination_id": "d-partner", "kind": "mobile", "value": "07700 900133"},
            "A new number, not verified yet",
        ),
        pen.of(
            "c-03",
            "preferences.set",
            "C-2003",
            {
                "rules": [
                    {
                        "rule_id": "calls",
                        "match": {"events": ["call.waiting"]},
                        "action": {"timing": "none"},
                    },
                    {
                        "rule_id": "both",
                        "match": {"events": ["call.message_taken"]},
                        "action": {
                            "steps": [{"destination": "d-partner"}, {"destination": "d-email"}]
                        },
                    },
                ],
                "based_on_version": 1,
                "told_us_by": "web",
                "set_by": "Owen Pryce",
            },
            "The customer's rules name it",
        ),
        pen.of(
            "c-04",
            "preferences.set",
            "C-2001",
            {"rules": [], "based_on_version": 0, "told_us_by": "web", "set_by": "Ruth"},
            "Rules based on an old version are refused",
            ("rejected:stale_version",),
            answer="rejected",
        ),
        pen.of(
            "c-05",
            "service.terminated",
            LEAVES,
            {"terminated_at": pen.at(), "reason": "Moved away."},
            "A customer leaves: what is unsent is cancelled",
        ),
        pen.of(
            "c-06",
            "consent.withdrawn",
            "C-2005",
            {"purpose": "offers", "channel": "email", "method": "web form", "at": pen.at()},
            "No more offers, please",
        ),
        pen.of(
            "c-07",
            "customer.corrected",
            "C-2001",
            {"trading_name": "Marlowe & Sons", "told_us_by": "phone"},
            "A name is corrected",
        ),
        pen.of(
            "c-08",
            "identity.checked",
            "C-2015",
            {"individual_id": "P-1", "check": "passport", "result": "passed"},
            "Identity data is refused: there is no vault for it yet",
            ("rejected:no_vault",),
            answer="rejected",
        ),
        pen.of(
            "c-09",
            "rights.requested",
            "C-2002",
            {"request_id": "R-1", "kind": "access", "via": "email", "received_at": pen.at()},
            "Somebody asks what is kept about them",
        ),
        pen.of(
            "o-01",
            "note.recorded",
            "C-2007",
            {
                "note_id": "N-1",
                "channel": "phone",
                "author": "Jo at the desk",
                "text": "Asked us to ring the desk longer on Fridays.",
                "at": pen.at(),
            },
            "A note of a telephone call",
        ),
        pen.of(
            "o-02",
            "correspondence.recorded",
            "C-2010",
            {
                "message_id": "<1@saltmarsh-pottery.example>",
                "direction": "in",
                "from": "edie@saltmarsh-pottery.example",
                "to": ["office@brindle-hart.example"],
                "at": pen.at(),
                "subject": "Thank you",
            },
            "An email from a customer",
        ),
        pen.of(
            "juniper-3",
            "customer.ordered",
            "C-2015",
            {
                "name": "Mae Juniper",
                "service_type": "phone answering",
                "via": "web",
                "stage": "placed",
                "order_id": "O-77",
            },
            "An order is placed",
        ),
    )
    return Hour("15:15", "Things change", told)


def after_changes(pen: Pen) -> Hour:
    """What is told after a change is treated by it."""
    told = (
        pen.message(
            "m-40",
            "C-2003",
            "Nothing to a number that is not verified: held until it is",
            meanwhile=("sms d-partner pending:destination_unverified", EMAIL),
            ends=("sms d-partner delivered", EMAIL),
        ),
        pen.message(
            "m-41",
            "C-2014",
            "Nothing to a number that was removed",
            ends=("not_sent:destination_removed", EMAIL),
        ),
        pen.message(
            "m-42",
            LEAVES,
            "Nothing for a customer who has left",
            ends=("not_sent:service_terminated",),
        ),
        pen.invoice(
            "b-20",
            "INV-3005",
            LEAVES,
            "36.00",
            "But the final invoice",
            ends=(INVOICED,),
        ),
        pen.message("m-43", "C-2012", "The new customer is served", ends=(SMS,)),
    )
    return Hour("16:00", "And are heeded", told)
