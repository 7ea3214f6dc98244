"""Must the identity of those who will use a service be verified, and why? Pure.

| service | for a legal person | for an individual |
|---|---|---|
| mail forwarding, registered office | the law asks for it | where the company decides so |
| phone answering, telephone forwarding | where the company decides so | where it decides both |

Who provides a registered office or another address to a company, a partnership or any other legal
person is a trust or company service provider, and must verify its customers (Money Laundering
Regulations 2017, regulations 12(2)(c) and 27). Who did not say what they are is taken for a legal
person: so nobody is missed.
"""

from collections.abc import Collection, Iterator

from contracts.planning import Customer, IdentityPolicy
from contracts.vocabulary import POST_SERVICES, Checked, CustomerKind, IdentityGround, Service

WHY = {
    IdentityGround.TCSP: "the law asks for it of whoever gives an address to a company or another"
    " legal person (Money Laundering Regulations 2017, regulations 12(2)(c) and 27)",
    IdentityGround.OWNER: "we verify who uses this service by our own decision",
}
WHAT = (
    "date of birth of each individual who will use the service",
    "an identifying number of each, as of a passport",
    "a copy of an identity document of each",
)


def ground(service: Service, kind: CustomerKind, policy: IdentityPolicy) -> IdentityGround | None:
    """Give why identity must be verified for a service; none where it need not be."""
    by_law = service in POST_SERVICES and kind is CustomerKind.LEGAL_PERSON
    if by_law:
        return IdentityGround.TCSP
    telephone = service not in POST_SERVICES
    wanted = (policy.telephone or not telephone) and (
        policy.individuals or kind is CustomerKind.LEGAL_PERSON
    )
    return IdentityGround.OWNER if wanted else None


def ground_of(
    services: Collection[Service], kind: CustomerKind, policy: IdentityPolicy
) -> IdentityGround | None:
    """Give the gravest ground among several services: what the law asks, before what we do."""
    grounds = {ground(service, kind, policy) for service in services}
    return next((one for one in IdentityGround if one in grounds), None)


def unproven(customer: Customer) -> Iterator[tuple[str | None, str]]:
    """Give each individual whose identity is not proven, and how it stands.

    Where nobody is named or was checked, that is what is missing.
    """
    if not customer.individuals:
        yield None, "nobody who will use the service has been checked (identity.checked)"
    for one in customer.individuals:
        match one.result:
            case Checked.PASSED:
                pass
            case None:
                yield one.individual_id, "has not been checked (identity.checked)"
            case Checked.FAILED | Checked.REFERRED:
                yield one.individual_id, f"a check was {one.result.value}; it must be passed"
