"""Which messages does the call-centre take, and which does it tell twice or wrong?"""

from workers.demo.events.writing import CARD, EMAIL, LEAVES, SMS, Pen
from workers.demo.telling import BILLING, CALL_CENTRE, Hour, Told


def messages(pen: Pen) -> Hour:
    """Messages of every kind, to customers of every wish."""
    told = (
        pen.message("m-01", "C-2001", "A message goes on by text", ends=(SMS,)),
        pen.message(
            "m-02",
            None,
            "A withheld number; the customer is found by the number dialled",
            dialled_number="01632 960201",
            caller={"name": "Someone", "withheld": True},
            ends=(SMS,),
        ),
        pen.message(
            "m-03",
            "C-2001",
            "A card number read out is masked",
            text=f"Please take the deposit from {CARD}, they said.",
            ends=(SMS,),
        ),
        pen.message(
            "m-04",
            "C-2002",
            "A message goes on by email",
            ends=(EMAIL, "rejected:conflicting_duplicate"),
            meanwhile=(EMAIL,),
        ),
        pen.message(
            "m-05",
            "C-2002",
            "An urgent one goes by text and email",
            urgency="urgent",
            ends=(SMS, EMAIL),
        ),
        pen.message(
            "m-06",
            "C-2002",
            "An emergency does too",
            urgency="emergency",
            text="Water is coming through the ceiling of the archive.",
            ends=(SMS, EMAIL),
        ),
        pen.message(
            "m-07",
            "C-2003",
            "The number is refused: the rule's next step is tried",
            ends=("sms d-mobile failed:invalid_destination", EMAIL),
        ),
        pen.message(
            "m-08",
            "C-2005",
            "The number's owner said STOP: no text, the email goes",
            ends=("sms d-mobile suppressed:opted_out", EMAIL),
        ),
        *(
            pen.message(
                f"m-{n:02}",
                "C-2008",
                "The provider says slow down: tried again when told",
                ends=(SMS,),
            )
            for n in (9, 10, 11)
        ),
        pen.message(
            "m-12",
            "C-2008",
            "The mail server says come back later: tried again",
            urgency="urgent",
            ends=(EMAIL,),
        ),
        pen.message(
            "m-13",
            "C-2009",
            "Taken, but the answer is lost: uncertain until the signed receipt",
            through="uncertain",
            ends=(SMS,),
        ),
        pen.message(
            "m-14",
            "C-2009",
            "The text never arrives: the next step goes out",
            department="Crew",
            ends=("sms d-crew undelivered:provider_fault", EMAIL),
        ),
        pen.message(
            "m-15",
            "C-2006",
            "An unwanted caller: nothing is sent, on purpose",
            caller={"number": "01632 960999"},
            ends=("not_sent:rule_sends_nothing",),
        ),
        pen.message(
            "m-16",
            "C-2012",
            "Nobody knows this customer yet: it waits",
            answer="waiting",
            meanwhile=("waiting:customer",),
            ends=(SMS,),
        ),
        pen.message(
            "m-17",
            "C-2012",
            "And so does the next",
            answer="waiting",
            meanwhile=("waiting:customer",),
            ends=(SMS,),
        ),
        pen.message(
            "m-18",
            "C-2004",
            "Out of hours: held until morning",
            ends=("sms d-mobile pending:window",),
        ),
        pen.message(
            "m-19",
            "C-2004",
            "Held, and then taken back by the call-centre",
            meanwhile=("sms d-mobile pending:window",),
            ends=("sms d-mobile cancelled:withdrawn",),
        ),
        pen.message(
            "m-20", "C-2004", "Urgent does not wait for morning", urgency="urgent", ends=(SMS,)
        ),
        pen.message(
            "m-21",
            LEAVES,
            "Held, and then the customer leaves",
            meanwhile=("sms d-mobile pending:window",),
            ends=("sms d-mobile cancelled:service_terminated",),
        ),
        pen.message(
            "m-22",
            "C-2014",
            "The provider is busy, and then the number is removed",
            meanwhile=("sms d-mobile pending:busy_provider",),
            ends=("sms d-mobile cancelled:destination_removed", EMAIL),
        ),
        pen.message(
            "m-23",
            "C-2007",
            "A caller wants to be rung back",
            callback_by=pen.at(hours=3),
            ends=(SMS,),
        ),
    )
    return Hour("09:00", "Messages are taken", told)


def again_and_wrong(pen: Pen) -> Hour:
    """Told twice, told wrong, told by the wrong one, taken back."""
    first = pen.message("m-01", "C-2001", "")
    told = (
        pen.message(
            "m-01",
            "C-2001",
            "The first message once more: done once",
            again=True,
            answer="duplicate",
            text=first.data["text"],
        ),
        pen.message(
            "m-04",
            "C-2002",
            "An old id with other content is refused",
            again=True,
            answer="rejected",
            text="These are other words.",
        ),
        pen.message(
            "m-30",
            "C-2001",
            "A card number where a name belongs is refused, and kept nowhere",
            caller={"name": CARD},
            answer="rejected",
            ends=("rejected:card_data",),
        ),
        Told(
            "m-31",
            CALL_CENTRE,
            "call.message_taken",
            {"taken_at": "yesterday", "text": "", "colour": "blue", "caller": {"number": "12"}},
            "C-2001",
            "A broken event: every error at once",
            ("rejected:invalid,missing,unknown_field",),
            answer="rejected",
        ),
        Told(
            "b-30",
            BILLING,
            "call.message_taken",
            first.data,
            "C-2001",
            "Billing may not take messages",
            ("rejected:not_allowed",),
            answer="rejected",
        ),
        pen.message(
            "m-32",
            "C-2005",
            "After STOP nobody is asked again",
            ends=("sms d-mobile suppressed:opted_out", EMAIL),
        ),
        Told(
            "w-01",
            CALL_CENTRE,
            "event.withdrawn",
            {"source": "/demo/callcentre", "id": "m-19", "reason": "Taken for the wrong firm."},
            "C-2004",
            "The call-centre takes a message back",
        ),
    )
    return Hour("09:45", "Told twice, told wrong, taken back", told)
