"""The closed words of Onward: what a column, a page, a log line or an outcome may say.

Each word is defined once, here, and means what ``DESIGN`` says. A word that a publisher or an
operator sees never changes its spelling; new ones may be added.
"""

from enum import StrEnum


class Channel(StrEnum):
    """How something is sent onward."""

    SMS = "sms"
    EMAIL = "email"
    CALL = "call"
    POST = "post"


class Lane(StrEnum):
    """How soon: each lane has queues of its own, and a deadline from the first ``due_at``."""

    LIVE = "live"
    URGENT = "urgent"
    ROUTINE = "routine"
    BULK = "bulk"


class Family(StrEnum):
    """The kinds of publisher's events; each has an intake queue of its own."""

    CALLS = "calls"
    POST = "post"
    BILLING = "billing"
    CUSTOMERS = "customers"
    OFFICE = "office"
    NOTICES = "notices"


class EventStatus(StrEnum):
    """What became of an event at our door."""

    WAITING = "waiting"  # what it needs is not known yet
    ROUTED = "routed"  # taken up: applied, and its deliveries and non-sends planned
    WITHDRAWN = "withdrawn"  # its publisher took it back: nothing more of it is sent
    REFUSED = "refused"  # taken up late and found impossible; listed among the rejected
    OVERTAKEN = "overtaken"  # a later event made it pointless: nothing more of it is sent


class Answer(StrEnum):
    """What a publisher is told about one event it has just handed in."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    WAITING = "waiting"
    REJECTED = "rejected"


class DeliveryStatus(StrEnum):
    """Where one delivery stands."""

    PENDING = "pending"  # waits for its due_at: first send, retry, window, digest
    SENDING = "sending"  # claimed by a worker, under a lease
    ACCEPTED = "accepted"  # the provider took it
    DELIVERED = "delivered"  # the provider says that it arrived
    UNDELIVERED = "undelivered"  # the provider says that it did not arrive
    UNCERTAIN = "uncertain"  # no answer: it may have been sent
    PARKED = "parked"  # only a person may decide: uncertain, unmade, held or unacknowledged
    FAILED = "failed"  # refused for good, or out of attempts
    EXPIRED = "expired"  # its deadline passed before it was sent
    SUPPRESSED = "suppressed"  # the destination must not be used for this purpose
    CANCELLED = "cancelled"  # no longer wanted


UNSENT = frozenset({DeliveryStatus.PENDING})
SETTLED = frozenset(
    {
        DeliveryStatus.ACCEPTED,
        DeliveryStatus.DELIVERED,
        DeliveryStatus.EXPIRED,
        DeliveryStatus.SUPPRESSED,
        DeliveryStatus.CANCELLED,
    }
)
ATTENTION = frozenset({DeliveryStatus.PARKED, DeliveryStatus.FAILED, DeliveryStatus.UNDELIVERED})


class BreakerState(StrEnum):
    """Whether a provider is given anything to send."""

    CLOSED = "closed"  # it works
    OPEN = "open"  # an outage: nothing is claimed for it until it is probed
    HALF_OPEN = "half_open"  # a probe went well; more must


class Reason(StrEnum):
    """Why a delivery stands where it stands, or why nothing was sent. Detail goes beside it."""

    # planned or sent
    PLANNED = "planned"
    WINDOW = "window"  # waits for the rule's window to open
    DIGEST = "digest"  # waits for its digest
    RELEASED = "released"  # was held, and somebody asked for it
    NEXT_STEP = "next_step"  # planned because an earlier step did not reach
    PROVIDER_ACCEPTED = "provider_accepted"
    POST_DISPATCHED = "post_dispatched"
    RECEIPT = "receipt"  # the provider's later word
    ACKNOWLEDGED = "acknowledged"  # the customer sent back the code
    ANSWERED = "answered"  # a forwarded call was taken
    # not sent, on purpose
    NO_RULE = "no_rule"  # no rule of the customer matches
    RULE_SENDS_NOTHING = "rule_sends_nothing"  # timing `none`
    HELD = "held"  # timing `hold`: until asked
    MUST_BE_KEPT = "must_be_kept"  # an item that is never shredded, whoever asks
    CONSOLIDATED = "consolidated"  # an item that waits for its customer's day
    SCAN_FOLLOWS = "scan_follows"  # the scan of this item will be sent instead
    PAID = "paid"  # the invoice that it is about has been paid
    INVOICE_CANCELLED = "invoice_cancelled"
    REMINDED_TODAY = "reminded_today"  # an invoice is reminded of once a day at the most
    NOTHING_TO_SEND = "nothing_to_send"  # a fact that no rule matches on
    NO_CONSENT = "no_consent"
    OFFERS_CAPPED = "offers_capped"  # the customer has had as many offers lately as one may
    OPTED_OUT = "opted_out"
    CHANNEL_NOT_ALLOWED = "channel_not_allowed"
    SERVICE_NOT_STARTED = "service_not_started"
    SERVICE_TERMINATED = "service_terminated"
    RESTRICTED = "restricted"  # they asked that nothing be done with what we hold, but kept
    NO_ADDRESS = "no_address"  # no address that the customer specified
    # checked when claimed
    DESTINATION_REMOVED = "destination_removed"
    DESTINATION_UNVERIFIED = "destination_unverified"
    DESTINATION_CHANGED = "destination_changed"
    DESTINATION_CONTESTED = "destination_contested"  # they say that it is wrong: kept until settled
    DESTINATION_UNFIT = "destination_unfit"  # wrong kind for the channel
    RULES_CHANGED = "rules_changed"
    WITHDRAWN = "withdrawn"
    OVERTAKEN = "overtaken"  # a later event made it pointless: paid, or cancelled
    REPLACED = "replaced"  # a message taken replaces the late call's
    SIBLING_REACHED = "sibling_reached"  # another step of the rule reached the customer
    SENT_APART = "sent_apart"  # its document has no room in a digest: it goes out by itself
    BUNDLED = "bundled"  # goes out together with others, as another delivery
    DEADLINE = "deadline"
    LATE_CALL = "late_call"  # not_after passed: never dialled
    THROTTLED = "throttled"  # the number has had as many texts in the hour as it may
    NUMBER_BARRED = "number_barred"  # premium rate, satellite, a country that is not allowed
    CALLER_GONE = "caller_gone"
    # the provider's answers
    BUSY_PROVIDER = "busy_provider"  # rate limit: told to wait
    PROVIDER_FAULT = "provider_fault"  # a definite, transient refusal
    UNREACHABLE = "unreachable"  # failed before a byte was sent: DNS, connect, TLS
    INVALID_DESTINATION = "invalid_destination"
    REFUSED = "refused"  # a definite, permanent refusal
    CREDENTIALS = "credentials"  # the provider does not know us
    EMAIL_TOO_LARGE = "email_too_large"  # for the mail server: its document goes by a link
    SENDER_REFUSED = "sender_refused"  # the customer's own: it goes out under the company's
    PRICED = "priced"  # the provider's later word of what a send cost
    NO_ANSWER = "no_answer"  # the request left and no verdict came back
    LEASE_RAN_OUT = "lease_ran_out"
    ATTEMPTS_SPENT = "attempts_spent"
    BUSY = "busy"  # a forwarded call
    NOT_ANSWERED = "not_answered"  # a forwarded call
    NOT_ACCEPTED = "not_accepted"  # picked up, and no key was pressed: a voicemail, perhaps
    BOUNCED = "bounced"
    # our own doing
    UNUSABLE_DOCUMENT = "unusable_document"
    TEMPLATE_FAILED = "template_failed"
    NOT_ACKNOWLEDGED = "not_acknowledged"  # the rule's last step, and nobody confirmed it
    POLICY_PARKS = "policy_parks"
    POLICY_RESENDS = "policy_resends"
    OPERATOR = "operator"
    DISCLOSED = "disclosed"  # handed to an authority, as two people approved


class Inquiry(StrEnum):
    """What a provider is asked about an attempt of ours."""

    LISTING = "listing"  # whether its list has it at all
    RECEIPT = "receipt"  # what became of it, as no receipt has come


class Said(StrEnum):
    """What a provider answered when it was asked about an attempt."""

    FOUND = "found"  # it has it: evidence
    NOTHING = "nothing"  # its list has nothing like it: no proof of absence
    FEWER = "fewer"  # its list has fewer than may have been sent alike: which, it cannot say
    NOTHING_NEW = "nothing_new"  # it has it, and has no later word for it
    UNANSWERED = "unanswered"  # it did not say


class ReplyKind(StrEnum):
    """What a customer's answer to one of our texts asks for."""

    STOP = "stop"  # no more texts to this number
    START = "start"  # texts again
    HELP = "help"  # who are you?
    CODE = "code"  # digits alone: a reply code
    RELEASE = "release"  # send me what you hold for me
    TEXT = "text"  # anything else


class BounceKind(StrEnum):
    """What a mail server's word that an email did not arrive says about its address."""

    HARD = "hard"  # there is no such address, or nobody reads it any more
    SOFT = "soft"  # full, or not to be reached: it may do again
    OTHER = "other"  # it is about the email, or about us


class Opening(StrEnum):
    """What came of somebody's asking for the document behind a link."""

    HANDED_OUT = "handed_out"
    WRONG_ADDRESS = "wrong_address"  # not the one that the link was sent to


class SuppressedBy(StrEnum):
    """What barred a destination from a purpose."""

    STOP = "stop"  # its owner texted STOP, to us or to the provider
    OBJECTION = "objection"  # its owner objected to offers (Article 21)
    BOUNCE = "bounce"  # a mail server says that there is no such address, or often enough so
    OPERATOR = "operator"
    CONSENT = "consent"  # they no longer agree to what they had agreed to


class Retention(StrEnum):
    """For how long something is kept, and so under which of its customer's keys it is sealed."""

    CONTACT = "contact"  # who they are, where they are reached, what they wish
    CONTENT = "content"  # what was said, written and scanned
    SENDS = "sends"  # what was sent on, when and where
    BILLING = "billing"  # invoices, payments, subscriptions
    IDENTITY = "identity"  # who was checked, and with what; for the vault alone


class Purpose(StrEnum):
    """What personal data may be used for (policy: "How will we use the information"). Closed."""

    QUOTE = "quote"
    ORDER = "order"
    PAYMENT = "payment"
    IDENTITY = "identity"
    SET_UP = "set_up"
    MESSAGES = "messages"
    CALLS = "calls"
    POST = "post"
    INVOICE = "invoice"
    POLICY_NOTICE = "policy_notice"
    OFFERS = "offers"
    RECORD = "record"  # to know, and to prove, what was sent on
    REPORTS = "reports"  # counts alone, of nobody in particular
    RIGHTS = "rights"
    DISCLOSURE = "disclosure"  # what the law has an authority given


# For these something is read, or given to others, and nothing is ever sent to a customer.
NEVER_SENT = frozenset({Purpose.RECORD, Purpose.REPORTS, Purpose.DISCLOSURE})
# What the customer cannot mute: of these, no STOP but the one for everything ends the texts.
UNMUTABLE = frozenset({Purpose.INVOICE, Purpose.PAYMENT, Purpose.POLICY_NOTICE, Purpose.RIGHTS})


class Service(StrEnum):
    """What the company does for a customer."""

    PHONE_ANSWERING = "phone_answering"
    TELEPHONE_FORWARDING = "telephone_forwarding"
    MAIL_FORWARDING = "mail_forwarding"
    REGISTERED_OFFICE = "registered_office"


TELEPHONE_SERVICES = frozenset({Service.PHONE_ANSWERING, Service.TELEPHONE_FORWARDING})
POST_SERVICES = frozenset({Service.MAIL_FORWARDING, Service.REGISTERED_OFFICE})


class DestinationKind(StrEnum):
    """What kind of place a destination is."""

    MOBILE = "mobile"
    EMAIL = "email"
    VOICE = "voice"
    POSTAL = "postal"


class NumberBar(StrEnum):
    """Why a telephone number is neither texted nor rung: it would run up a bill."""

    PREMIUM_RATE = "premium_rate"  # revenue-sharing ones too
    PERSONAL_NUMBER = "personal_number"  # 070 and the like, at whatever rate
    PAGER = "pager"
    SATELLITE = "satellite"
    COUNTRY = "country"  # not one of those that are allowed


class Urgency(StrEnum):
    """How urgent the caller said it is; in rising order."""

    ROUTINE = "routine"
    URGENT = "urgent"
    EMERGENCY = "emergency"

    @property
    def rank(self) -> int:
        """0 for routine, rising."""
        return _RISING.index(self)


_RISING = tuple(Urgency)


class Mode(StrEnum):
    """How a rule's steps go together."""

    ALL = "all"
    FIRST = "first"
    ESCALATE = "escalate"

    @property
    def in_turn(self) -> bool:
        """Whether a step goes out only where those before it did not reach the customer."""
        return self is not Mode.ALL


class Content(StrEnum):
    """How much of the event a send carries."""

    FULL = "full"
    SUMMARY = "summary"
    NOTICE = "notice"


class PostAction(StrEnum):
    """What the mailroom is to do with an item."""

    SCAN = "scan"
    FORWARD = "forward"
    HOLD = "hold"
    SHRED = "shred"
    COLLECT = "collect"
    RETURN = "return"


class Custody(StrEnum):
    """What befell an item of post while it was with us."""

    RECEIVED = "received"
    SCANNED = "scanned"
    INSTRUCTED = "instructed"  # what to do with it was settled, and the mailroom told
    REQUESTED = "requested"  # its day has come: the mailroom was told to send it
    ASKED = "asked"  # the customer was asked what to do with it
    HANDED_OVER = "handed_over"
    DISPOSED = "disposed"


class Contradiction(StrEnum):
    """How what is reported goes against what was to be done, or against what is on record."""

    ANOTHER_PLACE = "another_place"  # sent elsewhere than it was to go
    NOT_TO_BE_SENT = "not_to_be_sent"  # sent on, and it was to be held, shredded, collected
    CALLED_OFF = "called_off"  # sent on, and its letter was no longer wanted
    GONE_ALREADY = "gone_already"  # it had left us before
    MUST_BE_KEPT = "must_be_kept"  # shredded, and it is of a kind that never is
    NOT_TO_BE_SHREDDED = "not_to_be_shredded"
    NOT_TO_BE_RETURNED = "not_to_be_returned"
    NOT_TO_BE_COLLECTED = "not_to_be_collected"
    OTHER_CONTENT = "other_content"  # an email differs from another of the same Message-ID


class NoteChannel(StrEnum):
    """How what a note is of was said."""

    PHONE = "phone"
    IN_PERSON = "in_person"


class Direction(StrEnum):
    """Which way an email went that was written by hand."""

    IN = "in"  # to us
    OUT = "out"  # from us


class Repeats(StrEnum):
    """How often a repeat payment is due."""

    MONTHLY = "monthly"
    QUARTERLY = "quarterly"
    YEARLY = "yearly"

    @property
    def months(self) -> int:
        """The months of one period."""
        match self:
            case Repeats.MONTHLY:
                return 1
            case Repeats.QUARTERLY:
                return 3
            case Repeats.YEARLY:
                return 12


class Role(StrEnum):
    """What a publisher is to us; decides which outcomes beyond its own it is given."""

    CALL_CENTRE = "call-centre"
    MAILROOM = "mailroom"
    BILLING = "billing"
    REGISTRATION = "registration"
    PROCESSOR = "processor"


class Door(StrEnum):
    """What a publisher's key may read or write over HTTP, beside publishing events."""

    BLOBS = "blobs"
    ITEMS = "items"
    RULES = "rules"
    OUTCOMES = "outcomes"


class Category(StrEnum):
    """What a third party does for us (policy: "How will we share your information?")."""

    COMMUNICATIONS = "communications"
    DATABASE = "database"
    FINANCIAL = "financial"
    STORAGE = "storage"
    BACKUP = "backup"


class ErrorCode(StrEnum):
    """Why an event is rejected. ``path`` and ``message`` say where and how to mend it."""

    NOT_JSON = "not_json"
    ENVELOPE = "envelope"
    UNKNOWN_TYPE = "unknown_type"
    MISSING = "missing"
    UNKNOWN_FIELD = "unknown_field"
    INVALID = "invalid"
    CARD_DATA = "card_data"
    CONFLICTING_DUPLICATE = "conflicting_duplicate"
    NOT_ALLOWED = "not_allowed"  # this publisher may not publish this type or source
    STALE_VERSION = "stale_version"  # based_on_version is not the rules in force
    IMPOSSIBLE = "impossible"  # contradicts what is on record
    NO_VAULT = "no_vault"  # identity data, and there is nowhere safe to keep it
    TOO_LARGE = "too_large"
    ERASED = "erased"  # of somebody who was erased: nothing of it is kept


class Checked(StrEnum):
    """What came of checking an individual's identity."""

    PASSED = "passed"
    FAILED = "failed"
    REFERRED = "referred"


class CustomerKind(StrEnum):
    """What a customer is before the law, as far as their identity is concerned."""

    LEGAL_PERSON = "legal_person"  # a company, a partnership, a trust, a charity
    INDIVIDUAL = "individual"  # somebody who trades in person, or does not trade


class Information(StrEnum):
    """What a customer is asked for after they have paid."""

    IDENTITY = "identity"


class IdentityGround(StrEnum):
    """Why the identity of those who will use a service must be verified."""

    TCSP = "tcsp"  # the law: an address for a legal person
    OWNER = "owner"  # the company's own decision


class RightsKind(StrEnum):
    """What a person may ask of us about their own data."""

    ACCESS = "access"  # a copy of all that is held
    CORRECTION = "correction"
    ERASURE = "erasure"
    RESTRICTION = "restriction"  # keep it, and do nothing else with it
    OBJECTION = "objection"
    PORTABILITY = "portability"  # what they gave us, for machines


class RightsStatus(StrEnum):
    """How far a request has come."""

    OPEN = "open"
    STOPPED = "stopped"  # the clock stands still until they answer a question of ours
    DONE = "done"
    REFUSED = "refused"


class Carried(StrEnum):
    """What a temporary copy is made for."""

    ACCESS_COPY = "access_copy"  # what somebody asked us for
    DISCLOSURE = "disclosure"  # what an authority is given
    IDENTITY = "identity"  # what a privacy officer took out of the vault
    PREVIEW = "preview"  # what was, or would be, sent


class Gone(StrEnum):
    """Why a temporary copy is there no more."""

    TAKEN = "taken"  # handed out, once
    EXPIRED = "expired"  # its time was over
    REPLACED = "replaced"  # another was made in its place
    REFUSED = "refused"  # what it was made for was refused after all
    MOVED = "moved"  # whoever asked for it has taken it elsewhere


class Review(StrEnum):
    """What a person decided about the other persons in a record."""

    RELEASED = "released"  # the other persons in it may be seen
    REDACTED = "redacted"  # they are left out
    WITHHELD = "withheld"  # they are left out, and what was said too


class Ruling(StrEnum):
    """What a person decided about a disclosure to an authority."""

    APPROVED = "approved"
    REFUSED = "refused"
    HIDDEN = "hidden"  # left out of its subjects' copies: to tell them would defeat it
    SHOWN = "shown"  # in their copies again


class Telling(StrEnum):
    """Who is told of a breach, and who is not, as a person decided."""

    TOLD_ICO = "told_ico"  # the Information Commissioner
    NOT_TOLD_ICO = "not_told_ico"
    TOLD_PEOPLE = "told_people"  # those whom it concerns
    NOT_TOLD_PEOPLE = "not_told_people"


Decided = Review | Ruling | Telling


class DisclosureStatus(StrEnum):
    """How far an authority's request has come."""

    OPEN = "open"  # waits for its approvals
    APPROVED = "approved"
    REFUSED = "refused"
    EXPORTED = "exported"


class ComplaintStatus(StrEnum):
    """How far a complaint about privacy has come."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    CLOSED = "closed"


class ContestedField(StrEnum):
    """What of who a customer is may be contested: what suppliers are told of."""

    LEGAL_NAME = "legal_name"
    TRADING_NAME = "trading_name"
    CONTACT = "contact"


class Settlement(StrEnum):
    """How it was settled that something about a customer was said to be wrong."""

    STANDS = "stands"  # it is right after all
    CORRECTED = "corrected"
    REMOVED = "removed"


class Verb(StrEnum):
    """What an operator can do."""

    REPLAY = "replay"  # send what waits for attention back to work
    CANCEL = "cancel"  # no longer wanted
    RESOLVE = "resolve"  # say whether an uncertain send left or not
    RELEASE = "release"  # send what a rule holds
    PAUSE = "pause"
    RESUME = "resume"
    LIFT = "lift"  # a suppression
    SET_SENDER = "set_sender"  # whom a customer's texts come from
    CLEAR_SENDER = "clear_sender"  # from the company again
    SET_MAIL_FROM = "set_mail_from"  # in whose name a customer's emails come
    PREVIEW = "preview"  # read what was, or would be, sent about an event
    COPY = "copy"  # make a copy of all that is held about a customer
    ERASE = "erase"  # a customer, before their service
    OPEN_VAULT = "open_vault"  # read identity data
    RESTRICT = "restrict"  # keep what is held of a customer, and do nothing with it
    UNRESTRICT = "unrestrict"
    HOLD = "hold"  # destroy nothing of a customer
    LIFT_HOLD = "lift_hold"
    STOP_CLOCK = "stop_clock"  # of a request, until they answer
    RUN_CLOCK = "run_clock"
    CLOSE_REQUEST = "close_request"
    REVIEW = "review"  # say whether another person in a record may be seen in a copy
    DELIVER_COPY = "deliver_copy"  # by a link that hands it out once
    OPEN_DISCLOSURE = "open_disclosure"  # an authority asks for somebody's records
    APPROVE_DISCLOSURE = "approve_disclosure"
    REFUSE_DISCLOSURE = "refuse_disclosure"
    EXPORT_DISCLOSURE = "export_disclosure"
    HIDE_DISCLOSURE = "hide_disclosure"  # leave it out of its subjects' copies
    SHOW_DISCLOSURE = "show_disclosure"
    OPEN_INCIDENT = "open_incident"
    DECIDE_INCIDENT = "decide_incident"  # whom to tell of it
    CLOSE_INCIDENT = "close_incident"
    OPEN_COMPLAINT = "open_complaint"
    ACKNOWLEDGE_COMPLAINT = "acknowledge_complaint"
    CLOSE_COMPLAINT = "close_complaint"
    CONTEST = "contest"  # use nothing that they say is wrong, until it is settled
    SETTLE = "settle"
    CORRECT = "correct"  # what they say is wrong about them
    OBJECT = "object"  # stop what they object to, and may
    ADD_KEY = "add_key"  # a master key opens what is stored
    TAKE_KEY_AWAY = "take_key_away"


class Target(StrEnum):
    """What an operator's act is about."""

    DELIVERY = "delivery"
    REJECTED = "rejected"  # an event that broke its contract
    PROVIDER = "provider"
    SUPPRESSION = "suppression"
    SENDER = "sender"  # whom a customer's texts come from
    CUSTOMER = "customer"
    EVENT = "event"
    CONTRADICTION = "contradiction"  # what the mailroom did, against what was to be done
    REQUEST = "request"  # of one of their rights
    DISCLOSURE = "disclosure"  # to an authority
    INCIDENT = "incident"
    COMPLAINT = "complaint"
    MASTER_KEY = "master_key"  # by its short name


class Refusal(StrEnum):
    """Why an operator's act was not done to one of its targets."""

    UNKNOWN = "unknown"  # there is nothing under this id
    NOT_WAITING = "not_waiting"  # it does not wait for attention
    NOT_UNSETTLED = "not_unsettled"  # it is neither uncertain nor parked
    NOT_HELD = "not_held"  # no rule holds it
    NOT_STOPPABLE = "not_stoppable"  # under way, not settled yet, or settled
    MAILROOMS = "mailrooms"  # post goes and stays by the mailroom's word
    WITHDRAWN = "withdrawn"  # its publisher took the event back
    OVERTAKEN = "overtaken"  # a later event made it pointless
    SERVICE_TERMINATED = "service_terminated"
    ERASED = "erased"
    DESTINATION_REMOVED = "destination_removed"
    DESTINATION_UNVERIFIED = "destination_unverified"
    DESTINATION_CONTESTED = "destination_contested"
    SUPPRESSED = "suppressed"
    OPTED_OUT = "opted_out"
    LATE_CALL = "late_call"  # the caller has gone
    OFFER_OVER = "offer_over"
    SIBLING_REACHED = "sibling_reached"  # an earlier step of the rule did reach the customer
    CLOSED = "closed"  # a rejected event that was taken in anew, or dismissed
    NOT_KEPT = "not_kept"  # its body may not be kept, or only in part
    PUBLISHER_UNKNOWN = "publisher_unknown"
    STILL_WRONG = "still_wrong"  # it breaks its contract as before
    NO_CHANGE = "no_change"  # it is so already
    LEGAL_HOLD = "legal_hold"  # a court or a claim needs their records
    UNDECIDED = "undecided"  # records with another person in them wait for a reviewer
    NOT_COPIED = "not_copied"  # the request is not for a copy
    DESTINATION_UNFIT = "destination_unfit"  # neither a mobile nor an email address
    NOT_APPROVED = "not_approved"  # two people must have approved it
    OPENED_IT = "opened_it"  # who opens a disclosure does not approve it
    APPROVED_IT = "approved_it"  # the same person approves once
    SAME_ACCOUNT = "same_account"  # whoever opened or approved it did so from this system account
    NOT_ACKNOWLEDGED = "not_acknowledged"  # whoever complained has not been told that it came
    UNDECIDED_WHOM_TO_TELL = "undecided_whom_to_tell"  # of an incident
