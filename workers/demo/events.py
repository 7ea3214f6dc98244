"""What happens in the course of the demo's day? Every event, hour by hour, as data."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from workers.demo.documents import Paper
from workers.demo.office import Business, businesses
from workers.demo.opening import JOINS_LATER, joining
from workers.demo.telling import BILLING, CALL_CENTRE, MAILROOM, REGISTRATION, Asked, Hour, Told

SMS = "sms d-mobile delivered"
EMAIL = "email d-email accepted"
INVOICED = "email @invoice accepted"
CARD = "4111 1111 1111 1111"
PUT_THROUGH, RUNG_OUT, TOO_LATE, ASTRAY = (f"CA{n:032x}" for n in range(0xA1, 0xA5))
LEAVES = "C-2013"
TRACKING = "XR123456785GB"


def hours(now: datetime, papers: Mapping[str, Paper]) -> tuple[Hour, ...]:
    """Give the whole day; ``now`` is when it is played."""
    office = businesses(now)
    day = _Day(now, papers, {one.ref: one for one in office})
    return (
        day.opening(),
        day.messages(),
        day.again_and_wrong(),
        day.calls(),
        day.post(),
        day.letters(),
        day.bills(),
        day.changes(),
        day.after_changes(),
        day.notices(),
    )


class _Day:
    """Writes the hours; each method is one of them."""

    def __init__(
        self, now: datetime, papers: Mapping[str, Paper], office: Mapping[str, Business]
    ) -> None:
        self._now = now
        self._papers = papers
        self._office = office

    def opening(self) -> Hour:
        there = [one for one in self._office.values() if one.ref != JOINS_LATER]
        told = [event for one in there for event in joining(one, self._now)]
        told += [
            self._of(
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
            self._of(
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

    def messages(self) -> Hour:
        told = (
            self._message("m-01", "C-2001", "A message goes on by text", ends=(SMS,)),
            self._message(
                "m-02",
                None,
                "A withheld number; the customer is found by the number dialled",
                dialled_number="01632 960201",
                caller={"name": "Someone", "withheld": True},
                ends=(SMS,),
            ),
            self._message(
                "m-03",
                "C-2001",
                "A card number read out is masked",
                text=f"Please take the deposit from {CARD}, they said.",
                ends=(SMS,),
            ),
            self._message(
                "m-04",
                "C-2002",
                "A message goes on by email",
                ends=(EMAIL, "rejected:conflicting_duplicate"),
                meanwhile=(EMAIL,),
            ),
            self._message(
                "m-05",
                "C-2002",
                "An urgent one goes by text and email",
                urgency="urgent",
                ends=(SMS, EMAIL),
            ),
            self._message(
                "m-06",
                "C-2002",
                "An emergency does too",
                urgency="emergency",
                text="Water is coming through the ceiling of the archive.",
                ends=(SMS, EMAIL),
            ),
            self._message(
                "m-07",
                "C-2003",
                "The number is refused: the rule's next step is tried",
                ends=("sms d-mobile failed:invalid_destination", EMAIL),
            ),
            self._message(
                "m-08",
                "C-2005",
                "The number's owner said STOP: no text, the email goes",
                ends=("sms d-mobile suppressed:opted_out", EMAIL),
            ),
            *(
                self._message(
                    f"m-{n:02}",
                    "C-2008",
                    "The provider says slow down: tried again when told",
                    ends=(SMS,),
                )
                for n in (9, 10, 11)
            ),
            self._message(
                "m-12",
                "C-2008",
                "The mail server says come back later: tried again",
                urgency="urgent",
                ends=(EMAIL,),
            ),
            self._message(
                "m-13",
                "C-2009",
                "Taken, but the answer is lost: uncertain until the signed receipt",
                through="uncertain",
                ends=(SMS,),
            ),
            self._message(
                "m-14",
                "C-2009",
                "The text never arrives: the next step goes out",
                **{"for": {"department": "Crew"}},
                ends=("sms d-crew undelivered:provider_fault", EMAIL),
            ),
            self._message(
                "m-15",
                "C-2006",
                "An unwanted caller: nothing is sent, on purpose",
                caller={"number": "01632 960999"},
                ends=("not_sent:rule_sends_nothing",),
            ),
            self._message(
                "m-16",
                "C-2012",
                "Nobody knows this customer yet: it waits",
                answer="waiting",
                meanwhile=("waiting:customer",),
                ends=(SMS,),
            ),
            self._message(
                "m-17",
                "C-2012",
                "And so does the next",
                answer="waiting",
                meanwhile=("waiting:customer",),
                ends=(SMS,),
            ),
            self._message(
                "m-18",
                "C-2004",
                "Out of hours: held until morning",
                ends=("sms d-mobile pending:window",),
            ),
            self._message(
                "m-19",
                "C-2004",
                "Held, and then taken back by the call-centre",
                meanwhile=("sms d-mobile pending:window",),
                ends=("sms d-mobile cancelled:withdrawn",),
            ),
            self._message(
                "m-20", "C-2004", "Urgent does not wait for morning", urgency="urgent", ends=(SMS,)
            ),
            self._message(
                "m-21",
                LEAVES,
                "Held, and then the customer leaves",
                meanwhile=("sms d-mobile pending:window",),
                ends=("sms d-mobile cancelled:service_terminated",),
            ),
            self._message(
                "m-22",
                "C-2014",
                "The provider is busy, and then the number is removed",
                meanwhile=("sms d-mobile pending:busy_provider",),
                ends=("sms d-mobile cancelled:destination_removed", EMAIL),
            ),
            self._message(
                "m-23",
                "C-2007",
                "A caller wants to be rung back",
                callback_by=self._at(hours=3),
                ends=(SMS,),
            ),
        )
        return Hour("09:00", "Messages are taken", told)

    def again_and_wrong(self) -> Hour:
        first = self._message("m-01", "C-2001", "")
        told = (
            self._message(
                "m-01",
                "C-2001",
                "The first message once more: done once",
                again=True,
                answer="duplicate",
                text=first.data["text"],
            ),
            self._message(
                "m-04",
                "C-2002",
                "An old id with other content is refused",
                again=True,
                answer="rejected",
                text="These are other words.",
            ),
            self._message(
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
            self._message(
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

    def calls(self) -> Hour:
        told = (
            self._call(
                "k-01",
                PUT_THROUGH,
                "01632 960206",
                "A caller is put through, and answered",
                told_back="answered",
                ends=("call d-desk delivered",),
            ),
            self._call(
                "k-02",
                RUNG_OUT,
                "01632 960207",
                "Nobody answers: the call becomes its message",
                told_back="no_answer",
                ends=("call d-desk undelivered:not_answered", SMS),
            ),
            self._call(
                "k-03",
                TOO_LATE,
                "01632 960207",
                "Too late: never dialled, a message instead",
                told_back="expired",
                late=True,
                ends=("not_sent:late_call", SMS),
            ),
            self._call(
                "k-04",
                ASTRAY,
                "01632 960299",
                "Nobody's number: the caller goes back to the agent",
                told_back="failed",
            ),
        )
        lines = (
            ("+447700900301", "+441632960206", PUT_THROUGH),
            ("+447700900302", "+441632960207", RUNG_OUT),
            ("+447700900303", "+441632960207", TOO_LATE),
            ("+447700900304", "+441632960299", ASTRAY),
        )
        return Hour("10:30", "Callers are put through", told, ringing=lines)

    def post(self) -> Hour:
        told = (
            Told(
                "k-05",
                CALL_CENTRE,
                "call.ended",
                {"call_id": "k-01", "outcome": "answered", "ended_at": self._at()},
                shows="The call that was put through is over",
            ),
            self._message(
                "k-06",
                "C-2007",
                "The agent's message of the late call follows it up",
                call_id="k-03",
                ends=(SMS,),
            ),
            self._item(
                "p-01",
                "IT-01",
                "C-2002",
                "A letter comes: its scan will tell",
                ends=("not_sent:scan_follows",),
                sender={"name": "HM Example Registry", "class": "official"},
            ),
            self._scan("p-02", "IT-01", "letter", "C-2002", "The scan goes on by email"),
            self._item(
                "p-03",
                "IT-02",
                None,
                "A letter to a partner by name",
                addressee="Moira Fenwick",
                ends=("not_sent:scan_follows",),
                contains=["legal"],
            ),
            self._scan("p-04", "IT-02", "summons", "C-2002", "Its scan follows it"),
            self._item(
                "p-05",
                "IT-03",
                "C-2010",
                "A letter to be sent on: notice by email, letter by the mailroom",
                meanwhile=("post d-studio pending:planned", EMAIL),
                ends=("post d-studio accepted", EMAIL),
            ),
            self._item(
                "p-06",
                "IT-04",
                "C-2010",
                "Another, but the customer will fetch it",
                meanwhile=("post d-studio pending:planned", EMAIL),
                ends=("post d-studio cancelled:rules_changed", EMAIL),
            ),
            self._item(
                "p-07",
                "IT-05",
                "C-2011",
                "A letter to be held; the customer wants no word of it",
                ends=("not_sent:rule_sends_nothing",),
            ),
            self._item(
                "p-08",
                "IT-06",
                None,
                "A parcel addressed by name alone",
                addressee="Northgate Cycles",
                **{"class": "parcel"},
                ends=(SMS,),
            ),
            self._item(
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

    def letters(self) -> Hour:
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
                    "handed_over_at": self._at(),
                    "tracking_reference": TRACKING,
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
                {"items": ["IT-06"], "how": "collected", "at": self._at(), "by": "Lewis Grant"},
                shows="The parcel is fetched",
            ),
        )
        asks = (
            Asked("IT-03", "forward"),
            Asked("IT-05", "hold"),
            Asked("IT-06", "collect"),
        )
        return Hour("12:30", "The mailroom asks, and does", told, asks)

    def bills(self) -> Hour:
        told = (
            self._invoice("b-01", "INV-3001", "C-2001", "84.00", ends=(INVOICED,)),
            self._invoice(
                "b-02",
                "INV-3002",
                "C-2002",
                "156.00",
                "An invoice to its own address, and a notice where the rule adds one",
                ends=(INVOICED, EMAIL),
            ),
            self._invoice("b-03", "INV-3003", "C-2010", "60.00", ends=(INVOICED,)),
            self._invoice(
                "b-04",
                "INV-3004",
                "C-2009",
                "48.00",
                "A customer who gave no email: on record as not sent",
                ends=("not_sent:no_address",),
            ),
            self._bill(
                "b-05",
                "invoice.cancelled",
                "C-2010",
                "A cancelled invoice goes where the invoice went",
                {
                    "invoice_number": "INV-3003",
                    "reason": "Charged twice.",
                    "credit_note": self._papers["CN-3003"].reference(),
                },
                (INVOICED,),
            ),
            self._bill(
                "b-06",
                "invoice.overdue",
                "C-2010",
                "A reminder, and the notice that the rule adds",
                self._priced("INV-2999", gross="60.00", due_on=self._day(-20)),
                (INVOICED, EMAIL),
            ),
            self._bill(
                "b-07",
                "payment.failed",
                "C-2011",
                "A failed payment by email, and a notice by text",
                {**self._paid("PAY-1"), "reason": "card_expired", "next_retry_at": self._at(72)},
                (INVOICED, SMS),
            ),
            self._bill(
                "b-08",
                "payment.received",
                "C-2001",
                "A payment is only noted",
                {**self._paid("PAY-2"), "received_at": self._at(), "invoice_number": "INV-3001"},
            ),
            self._bill(
                "b-09",
                "subscription.chosen",
                "C-2001",
                "How repeat payments are taken: the provider's token only",
                {
                    "subscription_id": "SUB-1",
                    "plan": "Answering",
                    "method_label": "Visa ending 1111",
                    "provider_token": "tok_demo_1",
                    "starts_on": self._day(30),
                    "period": "monthly",
                    "currency": "GBP",
                    "amount": "84.00",
                },
            ),
            self._bill(
                "b-10",
                "subscription.ended",
                "C-2009",
                "And that they end",
                {"subscription_id": "SUB-0", "ended_on": self._day(0)},
            ),
        )
        return Hour("14:00", "Invoices and payments", told)

    def changes(self) -> Hour:
        office = self._office
        told = (
            *joining(office[JOINS_LATER], self._now, shows="The unknown customer registers"),
            self._of(
                "c-01",
                "destination.removed",
                "C-2014",
                {"destination_id": "d-mobile"},
                "A number is removed: what was on its way takes the next step",
            ),
            self._of(
                "c-02",
                "destination.added",
                "C-2003",
                {"destination_id": "d-partner", "kind": "mobile", "value": "07700 900133"},
                "A new number, not verified yet",
            ),
            self._of(
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
            self._of(
                "c-04",
                "preferences.set",
                "C-2001",
                {"rules": [], "based_on_version": 0, "told_us_by": "web", "set_by": "Ruth"},
                "Rules based on an old version are refused",
                ("rejected:stale_version",),
                answer="rejected",
            ),
            self._of(
                "c-05",
                "service.terminated",
                LEAVES,
                {"terminated_at": self._at(), "reason": "Moved away."},
                "A customer leaves: what is unsent is cancelled",
            ),
            self._of(
                "c-06",
                "consent.withdrawn",
                "C-2005",
                {"purpose": "offers", "channel": "email", "method": "web form", "at": self._at()},
                "No more offers, please",
            ),
            self._of(
                "c-07",
                "customer.corrected",
                "C-2001",
                {"trading_name": "Marlowe & Sons", "told_us_by": "phone"},
                "A name is corrected",
            ),
            self._of(
                "c-08",
                "identity.checked",
                "C-2015",
                {"individual_id": "P-1", "check": "passport", "result": "passed"},
                "Identity data is refused: there is no vault for it yet",
                ("rejected:no_vault",),
                answer="rejected",
            ),
            self._of(
                "c-09",
                "rights.requested",
                "C-2002",
                {"request_id": "R-1", "kind": "access", "via": "email", "received_at": self._at()},
                "Somebody asks what is kept about them",
            ),
            self._of(
                "o-01",
                "note.recorded",
                "C-2007",
                {
                    "note_id": "N-1",
                    "channel": "phone",
                    "author": "Jo at the desk",
                    "text": "Asked us to ring the desk longer on Fridays.",
                    "at": self._at(),
                },
                "A note of a telephone call",
            ),
            self._of(
                "o-02",
                "correspondence.recorded",
                "C-2010",
                {
                    "message_id": "<1@saltmarsh-pottery.example>",
                    "direction": "in",
                    "from": "edie@saltmarsh-pottery.example",
                    "to": ["office@brindle-hart.example"],
                    "at": self._at(),
                    "subject": "Thank you",
                },
                "An email from a customer",
            ),
            self._of(
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

    def after_changes(self) -> Hour:
        told = (
            self._message(
                "m-40",
                "C-2003",
                "Nothing to a number that is not verified: held until it is",
                meanwhile=("sms d-partner pending:destination_unverified", EMAIL),
                ends=("sms d-partner delivered", EMAIL),
            ),
            self._message(
                "m-41",
                "C-2014",
                "Nothing to a number that was removed",
                ends=("not_sent:destination_removed", EMAIL),
            ),
            self._message(
                "m-42",
                LEAVES,
                "Nothing for a customer who has left",
                ends=("not_sent:service_terminated",),
            ),
            self._invoice(
                "b-20",
                "INV-3005",
                LEAVES,
                "36.00",
                "But the final invoice",
                ends=(INVOICED,),
            ),
            self._message("m-43", "C-2012", "The new customer is served", ends=(SMS,)),
        )
        return Hour("16:00", "And are heeded", told)

    def notices(self) -> Hour:
        current = [one for ref, one in self._office.items() if ref != LEAVES]
        reached = sum(one.email is not None for one in current)
        consenting = 1  # of two, one has taken it back
        told = (
            self._of(
                "c-20",
                "destination.verified",
                "C-2003",
                {"destination_id": "d-partner", "how": "code read back", "verified_at": self._at()},
                "The new number is verified: what was held goes",
            ),
            Told(
                "n-01",
                REGISTRATION,
                "policy.changed",
                {
                    "version": "2026-01",
                    "major": True,
                    "published_at": self._at(),
                    "effective_at": self._at(40 * 24),
                    "url": "https://brindle-hart.example/privacy",
                    "sha256": "0" * 64,
                    "summary": "We say more clearly how long records are kept.",
                },
                shows="A new policy is told to every customer",
                ends=(INVOICED,) * reached + ("not_sent:no_address",) * (len(current) - reached),
            ),
            Told(
                "n-02",
                REGISTRATION,
                "offer.published",
                {
                    "campaign_id": "SPRING",
                    "headline": "A month of scanning, free",
                    "body": "Try our scanning service for a month.",
                    "valid_until": self._at(14 * 24),
                },
                shows="An offer to those who agreed to offers, and nobody else",
                ends=(INVOICED,) * consenting
                + ("not_sent:no_consent",) * (len(current) - consenting),
            ),
        )
        return Hour("16:45", "Notices to everyone", told)

    def _at(self, hours: float = 0) -> str:
        return (self._now + timedelta(hours=hours)).isoformat()

    def _day(self, days: int) -> str:
        return (self._now + timedelta(days=days)).date().isoformat()

    def _message(
        self,
        name: str,
        ref: str | None,
        shows: str,
        *,
        ends: tuple[str, ...] = (),
        meanwhile: tuple[str, ...] | None = None,
        answer: str = "accepted",
        again: bool = False,
        through: str | None = None,
        **data: Any,
    ) -> Told:
        taken = {
            "call_id": name,
            "taken_at": self._at(),
            "text": "Please ring back about the order.",
            "caller": {"name": "Priya Nair", "number": "07700 900400"},
            **data,
        }
        kind = "call.message_taken"
        return Told(
            name, CALL_CENTRE, kind, taken, ref, shows, ends, meanwhile, answer, again, through
        )

    def _call(
        self,
        name: str,
        sid: str,
        dialled: str,
        shows: str,
        *,
        told_back: str,
        late: bool = False,
        ends: tuple[str, ...] = (),
    ) -> Told:
        patience = timedelta(seconds=-30 if late else 45)
        data = {
            "call_id": name,
            "provider_call_id": sid,
            "not_after": (self._now + patience).isoformat(),
            "dialled_number": dialled,
            "caller": {"number": "07700 900301"},
            "reason": "Wants to speak to somebody now.",
        }
        return Told(
            name, CALL_CENTRE, "call.waiting", data, shows=shows, ends=ends, told_back=told_back
        )

    def _item(
        self,
        name: str,
        item: str,
        ref: str | None,
        shows: str,
        *,
        ends: tuple[str, ...],
        meanwhile: tuple[str, ...] | None = None,
        answer: str = "accepted",
        **data: Any,
    ) -> Told:
        found = {"item_id": item, "received_at": self._at(), "class": "letter", **data}
        return Told(name, MAILROOM, "post.received", found, ref, shows, ends, meanwhile, answer)

    def _scan(self, name: str, item: str, paper: str, ref: str, shows: str) -> Told:
        data = {
            "item_id": item,
            "received_at": self._at(),
            "class": "letter",
            "scan": self._papers[paper].reference(),
            "pages": 1,
            "opened_by": "Tam",
            "open_authority": "the customer's rules",
        }
        return Told(name, MAILROOM, "post.scanned", data, ref, shows, (EMAIL,))

    def _invoice(
        self,
        name: str,
        number: str,
        ref: str,
        gross: str,
        shows: str = "An invoice goes by email, its PDF with it",
        *,
        ends: tuple[str, ...],
    ) -> Told:
        vat = f"{float(gross) / 6:.2f}"
        net = f"{float(gross) - float(vat):.2f}"
        data = {
            **self._priced(number, net=net, vat=vat, gross=gross, due_on=self._day(14)),
            "issued_on": self._day(0),
            "document": self._papers[number].reference(),
        }
        return self._bill(name, "invoice.issued", ref, shows, data, ends)

    def _bill(
        self,
        name: str,
        kind: str,
        ref: str,
        shows: str,
        data: Mapping[str, Any],
        ends: tuple[str, ...] = (),
    ) -> Told:
        return Told(name, BILLING, kind, data, ref, shows, ends)

    def _of(
        self,
        name: str,
        kind: str,
        ref: str,
        data: Mapping[str, Any],
        shows: str = "",
        ends: tuple[str, ...] = (),
        answer: str = "accepted",
    ) -> Told:
        return Told(name, REGISTRATION, kind, data, ref, shows, ends, answer=answer)

    @staticmethod
    def _priced(number: str, **data: str) -> dict[str, str]:
        return {"invoice_number": number, "currency": "GBP", **data}

    @staticmethod
    def _paid(name: str) -> dict[str, str]:
        return {"payment_id": name, "currency": "GBP", "amount": "84.00"}
