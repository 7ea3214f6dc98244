"""The register of personal fields, for eyes and as the record of processing of Article 30."""

from typing import Any

from config.policies import RetentionPolicy, retention_policy
from config.processors import processors_of
from config.settings import Settings
from store.personal import REGISTER, Holding
from store.rights.prospects import BY_LAW

_MEASURES = (
    "Personal values are sealed with AES-256-GCM, under a key for each customer and class.",
    "These are wrapped by a root key, which a master key outside the database opens.",
    "Look-ups use keyed digests. Logs, metrics, queues and journals hold no personal value.",
    "Connections to providers and suppliers use verified TLS.",
    "What was sent is on a hash-chained record with signed checkpoints.",
)


def rows(settings: Settings) -> list[dict[str, Any]]:
    """Give a row for each personal field: where it stands, what it is, why, and for how long."""
    policy = retention_policy(settings)
    return [
        {
            "field": f"{table}.{name}",
            "what": field.what,
            "form": field.form.value,
            "whose": holding.whose,
            "purpose": holding.purpose,
            "basis": holding.basis.value,
            "retention": how_long(holding, policy),
            "recipients": list(holding.recipients),
        }
        for table, holding in sorted(REGISTER.items())
        for name, field in holding.fields.items()
    ]


def record_of_processing(settings: Settings, policy_version: str) -> dict[str, Any]:
    """Give the record of processing activities, as Article 30(1) of the UK GDPR lists its parts.

    ``policy_version`` is the one in force.
    """
    policy = retention_policy(settings)
    return {
        "controller": {
            "legal_name": settings.company_legal_name,
            "trading_name": settings.company_trading_name,
            "telephone": settings.company_phone,
            "email": settings.company_email,
        },
        "policy_version": policy_version,
        "security_measures": list(_MEASURES),
        "processors": [
            {
                "company": one.company,
                "category": one.category.value,
                "part": one.part,
                "region": one.region,
                "contract": one.contract,
            }
            for one in processors_of(settings)
            if one.outside
        ],
        "activities": [_activity(table, holding, policy) for table, holding in REGISTER.items()],
    }


def how_long(holding: Holding, policy: RetentionPolicy) -> str:
    """Say for how long what a table holds is kept."""
    if holding.retention is None:
        return holding.until
    years = policy.years[holding.retention]
    never_served = (
        f"as long after they were last heard of, and {policy.prospect_months} months at the least"
        if holding.retention in BY_LAW
        else f"{policy.prospect_months} months after they were last heard of, or with what the law"
        " has kept"
    )
    return f"{years} years after the services end; of whom none ever began, {never_served}"


def _activity(table: str, holding: Holding, policy: RetentionPolicy) -> dict[str, Any]:
    return {
        "held_in": table,
        "purpose": holding.purpose,
        "basis": holding.basis.value,
        "data_subjects": holding.whose,
        "retention_class": holding.retention.value if holding.retention is not None else None,
        "erased": how_long(holding, policy),
        "recipients": list(holding.recipients) or ["nobody"],
        "fields": [
            {"name": name, "what": field.what, "kept": field.form.value}
            for name, field in holding.fields.items()
        ],
    }
