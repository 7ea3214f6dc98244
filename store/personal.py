"""The register of personal fields: what we hold about people, why, for how long, and who gets it.

Code beside the tables, so that neither can change without the other: a column that could hold
something about a person and stands in no `Holding` fails the tests. It is the record of processing
activities of Article 30 of the UK GDPR, and says under which key each sealed value lies.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from contracts.vocabulary import Retention


class Form(StrEnum):
    """How a personal field is kept."""

    SEALED = "sealed"  # encrypted under its owner's key for its retention
    KEYED = "keyed"  # a keyed digest: compared, never read back
    REFERENCE = "reference"  # names somebody only to whoever has the rest


class Basis(StrEnum):
    """On which ground of Article 6 of the UK GDPR something is processed."""

    CONTRACT = "Article 6(1)(b): to provide the service, or before it on the person's request"
    OBLIGATION = "Article 6(1)(c): a legal obligation"
    CONSENT = "Article 6(1)(a): consent, which may be withdrawn at any time"
    INTEREST = "Article 6(1)(f): legitimate interests"


@dataclass(frozen=True, slots=True)
class Field:
    """One personal field: what it is, in plain words, and how it is kept."""

    what: str
    form: Form


@dataclass(frozen=True, slots=True)
class Holding:
    """What one table holds about people.

    ``whose`` are the people; ``retention`` says for how long, and is none for what has a limit of
    its own, which ``until`` then tells. ``neutral`` are columns that hold words and names of ours
    or of systems, and nothing about a person.
    """

    whose: str
    purpose: str
    basis: Basis
    retention: Retention | None
    recipients: tuple[str, ...]
    fields: Mapping[str, Field]
    neutral: frozenset[str] = frozenset()
    until: str = ""


def retention_of(place: str) -> Retention:
    """For how long what is sealed at ``table.column:row`` is kept.

    Raises ``KeyError`` for a place that the register does not know: such a value has no key.
    """
    table, _, column = place.partition(":")[0].partition(".")
    holding = REGISTER[table]
    if holding.retention is None or holding.fields[column].form is not Form.SEALED:
        raise KeyError(place)
    return holding.retention


def _sealed(**fields: str) -> dict[str, Field]:
    return {name: Field(what, Form.SEALED) for name, what in fields.items()}


def _keyed(**fields: str) -> dict[str, Field]:
    return {name: Field(what, Form.KEYED) for name, what in fields.items()}


def _named(*names: str) -> dict[str, Field]:
    return {name: Field(_REFERENCES[name], Form.REFERENCE) for name in names}


_REFERENCES = {
    "ref": "the customer's reference",
    "customer_ref": "the customer's reference",
    "after_customer": "the reference of the customer planned for last",
    "owner": "the reference of whose key it is",
    "destination_id": "the publisher's name for a place of the customer's",
    "correlation": "the publisher's id of a call or item",
    "item_id": "the mailroom's number of an item",
    "note_id": "the publisher's number of a note",
    "reference": "the provider's or carrier's id of a send",
    "subscription_id": "billing's id of a subscription",
    "request_id": "the id of a request",
    "account": "the system account of an operator",
    "actor": "the account of an operator",
    "paused_by": "the account of an operator",
    "resumed_by": "the account of an operator",
    "target": "the id of what was acted on",
    "about": "the id of what was decided about",
    "opened_by": "the account of an operator",
    "sha256": "the digest of a document",
}
_SERVICE = "to provide the service as its customer asked"
_PROVE = "to know, and to prove, what was sent on, when and where"
_NOBODY: tuple[str, ...] = ()
_CARRIERS = ("providers of texts and calls", "the mail relay")
_MAILROOM = ("the mailroom",)
_CENTRE = ("the call-centre: name and business name alone",)
_BILLING = ("the payment provider, by billing",)
_INDIVIDUAL = {
    "individual_id": Field("registration's name for an individual", Form.REFERENCE),
}

REGISTER: Mapping[str, Holding] = MappingProxyType(
    {
        "customers": Holding(
            whose="prospects and customers",
            purpose="to quote, take orders, set up and provide the service",
            basis=Basis.CONTRACT,
            retention=Retention.CONTACT,
            recipients=_CENTRE,
            fields=_named("ref")
            | _sealed(
                profile="names, addresses, telephone, email, services wished for, preferences",
                mail_from="the name and addresses that their emails come from",
                sms_sender="whom their texts come from",
            ),
            neutral=frozenset({"time_zone", "locale"}),
        ),
        "services": Holding(
            "customers",
            _SERVICE,
            Basis.CONTRACT,
            Retention.CONTACT,
            _NOBODY,
            _named("customer_ref"),
        ),
        "numbers": Holding(
            "customers",
            "to know whose calls come in",
            Basis.CONTRACT,
            Retention.CONTACT,
            _NOBODY,
            _named("customer_ref")
            | _sealed(number="a number of ours that rings for them")
            | _keyed(number_index="the same, to look it up by"),
        ),
        "names": Holding(
            "customers",
            "to know whose post comes in",
            Basis.CONTRACT,
            Retention.CONTACT,
            _NOBODY,
            _named("customer_ref") | _keyed(name_index="a name that their post may bear"),
        ),
        "destinations": Holding(
            "customers, and people whom they name",
            "to send on what comes for them",
            Basis.CONTRACT,
            Retention.CONTACT,
            (*_CARRIERS, *_MAILROOM),
            _named("customer_ref", "destination_id")
            | _sealed(
                value="a number or address to send to",
                masked="the same, all but a few signs hidden",
                label="what they call it",
                person="whose it is",
                verified_how="how it was shown to be theirs, in a clerk's words",
            )
            | _keyed(value_index="the same, to look it up by"),
        ),
        "earlier_values": Holding(
            "customers, and people whom they name",
            "to know what was used before it was corrected",
            Basis.CONTRACT,
            Retention.CONTACT,
            _NOBODY,
            _named("customer_ref", "destination_id")
            | _sealed(content="what stood in their profile, or as a number or address"),
        ),
        "rule_sets": Holding(
            "customers, and people whom they name",
            "to send on as they wish",
            Basis.CONTRACT,
            Retention.CONTACT,
            _NOBODY,
            _named("customer_ref")
            | _sealed(
                content="their rules, each version, with the callers they tell apart",
                set_by="who told us",
            ),
            neutral=frozenset({"told_us_by"}),
        ),
        "consents": Holding(
            "customers",
            "to send offers only to those who agreed",
            Basis.CONSENT,
            Retention.CONTACT,
            _NOBODY,
            _named("customer_ref")
            | _sealed(
                evidence="what they said or did to agree",
                method="how they agreed, in a clerk's words",
                withdrawn_how="how they withdrew it",
            ),
            neutral=frozenset({"wording_version", "policy_version"}),
        ),
        "suppressions": Holding(
            "whoever asked for no more, and addresses that are dead",
            "never to send where somebody asked for no more, whatever is imported later",
            Basis.OBLIGATION,
            None,
            _NOBODY,
            _keyed(value_index="a number or address"),
            until="for good, as a keyed digest alone",
        ),
        "events": Holding(
            "customers, callers, senders of post, correspondents",
            _SERVICE,
            Basis.CONTRACT,
            Retention.CONTENT,
            _CARRIERS,
            _named("customer_ref", "correlation")
            | _sealed(content="what a publisher reported: messages, post, invoices, changes")
            | _keyed(digest="the same, to know it again"),
            neutral=frozenset({"source", "event_id", "type", "publisher", "traceparent"}),
        ),
        "notes": Holding(
            "customers, and who spoke with them",
            "to act on what they said by telephone or in person",
            Basis.CONTRACT,
            Retention.CONTENT,
            _NOBODY,
            _named("customer_ref", "note_id") | _sealed(content="what they said, and to whom"),
            neutral=frozenset({"publisher"}),
        ),
        "correspondence": Holding(
            "customers, and whoever wrote with them",
            "to act on what they wrote, and to know what was answered",
            Basis.CONTRACT,
            Retention.CONTENT,
            _NOBODY,
            _named("customer_ref")
            | _sealed(content="emails: addresses, subject, text, attachments by reference")
            | _keyed(
                message_index="the email's own id",
                reply_index="that of the email that it answers",
                digest="the email, to know it again",
            ),
        ),
        "waits": Holding(
            "as events",
            "to keep what cannot be taken up yet",
            Basis.CONTRACT,
            None,
            _NOBODY,
            _keyed(awaits="the name, number or reference that it waits for"),
            neutral=frozenset({"kind", "told"}),
            until="the end of the wait",
        ),
        "rejected_events": Holding(
            "as events",
            "to lose nothing that was reported wrongly",
            Basis.INTEREST,
            None,
            _NOBODY,
            _sealed(body="what was reported, under a key of its own")
            | _keyed(subject_index="the reference that it names"),
            neutral=frozenset({"publisher", "source", "event_id", "type", "route", "problems"}),
            until="it is taken in anew or dismissed, and its time is over",
        ),
        "search_terms": Holding(
            "as events",
            "to find what was sent on",
            Basis.CONTRACT,
            Retention.CONTENT,
            _NOBODY,
            _keyed(term="a name, number or word of an event"),
        ),
        "planning_tasks": Holding(
            "customers",
            "to tell everyone of a notice",
            Basis.OBLIGATION,
            Retention.SENDS,
            _NOBODY,
            _named("after_customer"),
            neutral=frozenset({"trouble"}),
        ),
        "notice_recipients": Holding(
            "customers",
            "to know whom a notice has reached",
            Basis.OBLIGATION,
            Retention.SENDS,
            _NOBODY,
            _named("customer_ref"),
        ),
        "deliveries": Holding(
            "customers",
            _SERVICE,
            Basis.CONTRACT,
            Retention.SENDS,
            _NOBODY,
            _named("customer_ref", "destination_id", "reference"),
            neutral=frozenset({"publisher", "rule_id", "detail", "claimed_by", "provider"}),
        ),
        "attempts": Holding(
            "customers",
            _PROVE,
            Basis.CONTRACT,
            Retention.SENDS,
            _NOBODY,
            _named("reference"),
            neutral=frozenset({"provider", "claimed_by", "verdict", "code", "price", "currency"}),
        ),
        "texted": Holding(
            "customers",
            "not to have their texts blocked",
            Basis.INTEREST,
            None,
            _NOBODY,
            _keyed(value_index="a number", recent="what it was lately sent"),
            until="an hour after the last text",
        ),
        "gathered": Holding(
            "customers",
            _SERVICE,
            Basis.CONTRACT,
            Retention.SENDS,
            _NOBODY,
            _named("customer_ref", "destination_id"),
            neutral=frozenset({"publisher", "rule_id"}),
        ),
        "individuals": Holding(
            "individuals who use a service",
            "to know whether their identity was verified, where that is needed",
            Basis.OBLIGATION,
            Retention.CONTACT,
            _NOBODY,
            _named("customer_ref") | _INDIVIDUAL | _keyed(check_index="which check it was"),
        ),
        "information_requests": Holding(
            "customers",
            "to ask once, after payment, for what must be known, and to show why",
            Basis.OBLIGATION,
            Retention.CONTACT,
            _NOBODY,
            _named("customer_ref"),
            neutral=frozenset({"policy_version"}),
        ),
        "inquiries": Holding(
            "customers",
            _PROVE,
            Basis.CONTRACT,
            Retention.SENDS,
            _CARRIERS,
            {},
            neutral=frozenset({"detail"}),
        ),
        "legs": Holding(
            "customers",
            _PROVE,
            Basis.CONTRACT,
            Retention.SENDS,
            _NOBODY,
            _named("reference"),
        ),
        "replies": Holding(
            "customers, and whoever texts us",
            "to do as a reply says",
            Basis.CONTRACT,
            Retention.CONTENT,
            _NOBODY,
            _named("customer_ref", "reference")
            | _sealed(content="what they wrote")
            | _keyed(value_index="the number that they wrote from"),
        ),
        "bounces": Holding(
            "customers",
            "to stop sending to dead addresses",
            Basis.INTEREST,
            Retention.SENDS,
            _NOBODY,
            _keyed(value_index="the address that bounced"),
            neutral=frozenset({"status"}),
        ),
        "openings": Holding(
            "customers",
            "to see whether a document was fetched, and to stop guessing",
            Basis.INTEREST,
            Retention.SENDS,
            _NOBODY,
            {},
        ),
        "ledger": Holding(
            "customers",
            _PROVE,
            Basis.CONTRACT,
            Retention.SENDS,
            _NOBODY,
            _named("customer_ref", "destination_id", "reference")
            | _sealed(personal="where it went, its mask, and a digest of what was sent, salted")
            | _keyed(commitments="salted digests of these", leaf="a digest of the whole entry"),
            neutral=frozenset(
                {
                    "rule_id",
                    "outcome",
                    "detail",
                    "provider",
                    "template_version",
                    "policy_version",
                    "price",
                    "currency",
                }
            ),
        ),
        "outbox": Holding(
            "customers",
            "to tell publishers and suppliers what they must know",
            Basis.CONTRACT,
            Retention.SENDS,
            (*_CENTRE, *_MAILROOM, *_BILLING),
            _named("customer_ref") | _sealed(content="what they are told of a person"),
            neutral=frozenset({"id", "audience", "name", "facts"}),
        ),
        "subscriptions": Holding(
            "customers",
            "to ask for repeat payments as they chose",
            Basis.CONTRACT,
            Retention.BILLING,
            _BILLING,
            _named("customer_ref", "subscription_id")
            | _sealed(content="how they pay, and how much"),
        ),
        "payment_requests": Holding(
            "customers",
            "to ask once for each period",
            Basis.CONTRACT,
            Retention.BILLING,
            _BILLING,
            _named("customer_ref", "subscription_id", "request_id"),
        ),
        "blobs": Holding(
            "customers, and senders of post",
            "to send scans and documents on",
            Basis.CONTRACT,
            Retention.CONTENT,
            _CARRIERS,
            _named("sha256"),
            neutral=frozenset({"media_type", "publisher"}),
        ),
        "file_uses": Holding(
            "customers, and senders of post",
            "to know whose a document is, and when it is nobody's any more",
            Basis.CONTRACT,
            Retention.CONTENT,
            _NOBODY,
            _named("sha256"),
        ),
        "rights_requests": Holding(
            "whoever asked for one of their rights",
            "to answer in time, and to show that we did",
            Basis.OBLIGATION,
            Retention.SENDS,
            _NOBODY,
            _named("customer_ref", "request_id")
            | _sealed(detail="what they asked for", answer="what we answered"),
            neutral=frozenset({"via"}),
        ),
        "complaints": Holding(
            "whoever complains of how we use personal information",
            "to answer complaints, and to show that we did",
            Basis.OBLIGATION,
            Retention.SENDS,
            _NOBODY,
            _named("customer_ref")
            | _sealed(detail="who complains, and of what", answer="what we answered"),
            neutral=frozenset({"via"}),
        ),
        "disclosures": Holding(
            "customers whom an authority asks about",
            "to disclose what the law has us disclose, and nothing else",
            Basis.OBLIGATION,
            None,
            ("the authority that it names",),
            _named("opened_by", "sha256")
            | _sealed(content="who asks, on what ground and for what, under a key of its own"),
            until="so long after it was closed as sends are kept",
        ),
        "disclosure_subjects": Holding(
            "customers whom an authority asks about",
            "to know whom a disclosure is about",
            Basis.OBLIGATION,
            Retention.SENDS,
            _NOBODY,
            _named("customer_ref"),
        ),
        "incidents": Holding(
            "whoever was sent what was not theirs, and whose it was",
            "to find out whom a breach concerns, and to tell of it in time",
            Basis.OBLIGATION,
            None,
            _NOBODY,
            _named("opened_by") | _sealed(content="what happened, under a key of its own"),
            until="so long after it was closed as sends are kept",
        ),
        "incident_sends": Holding(
            "customers",
            "to know which sends an incident concerns",
            Basis.OBLIGATION,
            Retention.SENDS,
            _NOBODY,
            _named("customer_ref"),
        ),
        "decisions": Holding(
            "officers, and whom they decided about",
            "to know who decided what",
            Basis.OBLIGATION,
            Retention.SENDS,
            _NOBODY,
            _named("actor", "about"),
        ),
        "transfers": Holding(
            "customers",
            "to hand over what somebody asked for, or an authority is given",
            Basis.OBLIGATION,
            None,
            ("whoever it was made for",),
            _named("customer_ref", "sha256")
            | _sealed(
                key="the key of a temporary file",
                place="the folder and name that somebody had it written to",
            ),
            neutral=frozenset({"host", "file"}),
            until="it is taken, or its time is over; that it was, as long after as sends are kept",
        ),
        "contests": Holding(
            "customers",
            "to use nothing that they say is wrong until it is settled",
            Basis.OBLIGATION,
            Retention.SENDS,
            _NOBODY,
            _named("customer_ref", "destination_id"),
        ),
        "supplier_disclosures": Holding(
            "customers",
            "to know, and to prove, what suppliers were told",
            Basis.OBLIGATION,
            Retention.SENDS,
            _CENTRE,
            _named("customer_ref") | _sealed(content="what a supplier was told of them"),
            neutral=frozenset({"outcome", "fields"}),
        ),
        "legal_holds": Holding(
            "customers whose records a court or a claim needs",
            "to destroy nothing that must be kept",
            Basis.OBLIGATION,
            None,
            _NOBODY,
            _named("customer_ref") | _sealed(reason="why, under a key of its own"),
            until="it is lifted, and the customer's records are destroyed",
        ),
        "destructions": Holding(
            "former customers",
            "to show what was destroyed, and when",
            Basis.OBLIGATION,
            None,
            _NOBODY,
            _named("customer_ref"),
            until="for good: a reference and dates alone",
        ),
        "identities": Holding(
            "individuals who use a service",
            "to verify identity where the law obliges us, and for nothing else",
            Basis.OBLIGATION,
            Retention.IDENTITY,
            _NOBODY,
            _named("customer_ref")
            | _INDIVIDUAL
            | {
                "evidence": Field("the digest of a copy of the document", Form.REFERENCE),
            }
            | _sealed(content="check, date of birth, document number, for the vault's key alone"),
        ),
        "erasures": Holding(
            "who was erased",
            "that nothing brings back who was erased",
            Basis.OBLIGATION,
            None,
            _NOBODY,
            _keyed(ref_index="their reference"),
            until="for good, as a keyed digest alone",
        ),
        "outside_entries": Holding(
            "whoever opted out, or in again",
            "that a restored backup brings back nobody's leave to write to them",
            Basis.OBLIGATION,
            None,
            _NOBODY,
            _keyed(content="numbers, addresses and references, as keyed digests"),
            until="until the register outside the database has them, some seconds later",
        ),
        "erasures_asked": Holding(
            "whoever was erased, or whose time was over, and what of theirs lay with processors",
            "to have erased what others keep for us, and to show that they confirmed it",
            Basis.OBLIGATION,
            None,
            _NOBODY,
            _named("customer_ref")
            | {"named": Field("processors' names for what was sent", Form.REFERENCE)},
            until="it was confirmed as long ago as sends are kept after the services end",
            neutral=frozenset({"processor", "parts"}),
        ),
        "items": Holding(
            "customers",
            "to deal with their post as they asked",
            Basis.CONTRACT,
            Retention.SENDS,
            _MAILROOM,
            _named("item_id", "customer_ref", "destination_id"),
            neutral=frozenset({"class", "kinds", "rule_id", "authority", "consolidate", "done_as"}),
        ),
        "custody": Holding(
            "customers, clerks and drivers",
            "to know who had an item, and on whose authority",
            Basis.CONTRACT,
            Retention.SENDS,
            _NOBODY,
            _named("item_id", "destination_id", "reference")
            | _sealed(content="who did what, on whose authority"),
        ),
        "contradictions": Holding(
            "customers",
            "to put right what was done against an instruction",
            Basis.CONTRACT,
            Retention.SENDS,
            _NOBODY,
            _named("item_id", "customer_ref"),
        ),
        "acts": Holding(
            "operators, and the customer whom an act concerns",
            "to know who did what, and why",
            Basis.OBLIGATION,
            Retention.SENDS,
            _NOBODY,
            _named("account", "actor") | _sealed(reason="why, in the operator's words"),
            neutral=frozenset({"policy_version"}),
        ),
        "act_targets": Holding(
            "customers",
            "to know what was acted on",
            Basis.OBLIGATION,
            Retention.SENDS,
            _NOBODY,
            _named("target", "customer_ref"),
            neutral=frozenset({"answer", "detail"}),
        ),
        "providers": Holding(
            "operators",
            "to know who paused a provider",
            Basis.INTEREST,
            None,
            _NOBODY,
            _named("paused_by", "resumed_by"),
            neutral=frozenset({"name", "code", "pause_reason"}),
            until="it is paused again",
        ),
        "data_keys": Holding(
            "customers",
            "to be able to erase",
            Basis.OBLIGATION,
            None,
            _NOBODY,
            _named("owner"),
            neutral=frozenset({"wrapped"}),
            until="the key is destroyed",
        ),
    }
)

# Tables that hold nothing about a person.
NOBODYS = frozenset({"leases", "policy_versions", "publishers", "root_keys", "seals", "vault_keys"})
