"""Which invoices and payments does billing report?"""

from workers.demo.events.writing import EMAIL, INVOICED, SMS, Pen
from workers.demo.telling import Hour


def bills(pen: Pen) -> Hour:
    """Invoices, reminders and payments."""
    told = (
        pen.invoice("b-01", "INV-3001", "C-2001", "84.00", ends=(INVOICED,)),
        pen.invoice(
            "b-02",
            "INV-3002",
            "C-2002",
            "156.00",
            "An invoice to its own address, and a notice where the rule adds one",
            ends=(INVOICED, EMAIL),
        ),
        pen.invoice("b-03", "INV-3003", "C-2010", "60.00", ends=(INVOICED,)),
        pen.invoice(
            "b-04",
            "INV-3004",
            "C-2009",
            "48.00",
            "A customer who gave no email: on record as not sent",
            ends=("not_sent:no_address",),
        ),
        pen.bill(
            "b-06",
            "invoice.overdue",
            "C-2010",
            "A reminder, and the notice that the rule adds",
            {
                "invoice_number": "INV-2999",
                "due_on": pen.day(-20),
                "currency": "GBP",
                "gross": "60.00",
            },
            (INVOICED, EMAIL),
        ),
        pen.bill(
            "b-07",
            "payment.failed",
            "C-2011",
            "A failed payment by email, and a notice by text",
            {**_paid("PAY-1"), "reason": "card_expired", "next_retry_at": pen.at(72)},
            (INVOICED, SMS),
        ),
        pen.bill(
            "b-08",
            "payment.received",
            "C-2001",
            "A payment is only noted",
            {**_paid("PAY-2"), "received_at": pen.at(), "invoice_number": "INV-3001"},
        ),
        pen.bill(
            "b-09",
            "subscription.chosen",
            "C-2001",
            "How repeat payments are taken: the provider's token only",
            {
                "subscription_id": "SUB-1",
                "plan": "Answering",
                "method_label": "Visa ending 1111",
                "provider_token": "tok_demo_1",
                "starts_on": pen.day(30),
                "period": "monthly",
                "currency": "GBP",
                "amount": "84.00",
            },
        ),
    )
    return Hour("14:00", "Invoices and payments", told)


def bills_taken_back(pen: Pen) -> Hour:
    """What billing thinks better of, once it has gone out."""
    told = (
        pen.bill(
            "b-05",
            "invoice.cancelled",
            "C-2010",
            "A cancelled invoice goes where the invoice went",
            {
                "invoice_number": "INV-3003",
                "reason": "Charged twice.",
                "credit_note": pen.papers["CN-3003"].reference(),
            },
            (INVOICED,),
        ),
        pen.bill(
            "b-10",
            "subscription.ended",
            "C-2001",
            "And that they end",
            {"subscription_id": "SUB-1", "ended_on": pen.day(29)},
        ),
    )
    return Hour("14:30", "Billing thinks better of it", told)


def _paid(name: str) -> dict[str, str]:
    return {"payment_id": name, "currency": "GBP", "amount": "84.00"}
