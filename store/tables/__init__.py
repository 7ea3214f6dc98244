"""Every table of Onward, a module for each part of its life."""

from store.tables.audit import act_targets, acts
from store.tables.base import metadata
from store.tables.billing import payment_requests, subscriptions
from store.tables.customers import (
    consents,
    customers,
    destinations,
    earlier_values,
    individuals,
    information_requests,
    names,
    numbers,
    rule_sets,
    services,
    suppressions,
)
from store.tables.deliveries import attempts, deliveries, gathered, texted
from store.tables.events import (
    events,
    notice_recipients,
    planning_tasks,
    rejected_events,
    search_terms,
    waits,
)
from store.tables.evidence import bounces, inquiries, legs, openings, replies
from store.tables.ledger import ledger, outbox, seals
from store.tables.office import (
    blobs,
    contradictions,
    custody,
    data_keys,
    file_uses,
    items,
    leases,
    publishers,
    root_keys,
)
from store.tables.office_file import correspondence, notes
from store.tables.policy import policy_versions
from store.tables.privacy import (
    complaints,
    decisions,
    disclosure_subjects,
    disclosures,
    incident_sends,
    incidents,
    transfers,
)
from store.tables.providers import providers
from store.tables.rights import (
    contests,
    destructions,
    erasures,
    erasures_asked,
    legal_holds,
    rights_requests,
    supplier_disclosures,
)
from store.tables.vault import identities, vault_keys

__all__ = [
    "act_targets",
    "acts",
    "attempts",
    "blobs",
    "bounces",
    "complaints",
    "consents",
    "contests",
    "contradictions",
    "correspondence",
    "custody",
    "customers",
    "data_keys",
    "decisions",
    "deliveries",
    "destinations",
    "destructions",
    "disclosure_subjects",
    "disclosures",
    "earlier_values",
    "erasures",
    "erasures_asked",
    "events",
    "file_uses",
    "gathered",
    "identities",
    "incident_sends",
    "incidents",
    "individuals",
    "information_requests",
    "inquiries",
    "items",
    "leases",
    "ledger",
    "legal_holds",
    "legs",
    "metadata",
    "names",
    "notes",
    "notice_recipients",
    "numbers",
    "openings",
    "outbox",
    "payment_requests",
    "planning_tasks",
    "policy_versions",
    "providers",
    "publishers",
    "rejected_events",
    "replies",
    "rights_requests",
    "root_keys",
    "rule_sets",
    "seals",
    "search_terms",
    "services",
    "subscriptions",
    "supplier_disclosures",
    "suppressions",
    "texted",
    "transfers",
    "vault_keys",
    "waits",
]
