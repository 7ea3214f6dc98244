"""May this number be texted or rung at all, or is it one that runs up a bill?

Toll fraud: who has a number entered that pays him by the call lets us make the calls. So numbers
that cost more than an ordinary one are barred by kind, and of the ordinary ones those of countries
that nobody has allowed. By phonenumbers' plans, in which Jersey (JE), Guernsey (GG) and the Isle
of Man (IM) are countries of their own beside Great Britain, as they are on every bill.
"""

import re
from collections.abc import Collection, Mapping
from typing import Final

from contracts.vocabulary import NumberBar

# Inmarsat, the satellite networks of +881, and the "international networks" of +882 and +883, most
# of which are satellites and ships. https://www.itu.int/pub/T-SP-E.164D
_SATELLITE: Final = re.compile(r"\+(?:870|88[123])")
_DRAMA_MOBILE: Final = "+447700900"

SAYS: Final[Mapping[NumberBar, str]] = {
    NumberBar.PREMIUM_RATE: "is charged at a premium rate",
    NumberBar.PERSONAL_NUMBER: "is a personal number, charged at whatever rate",
    NumberBar.PAGER: "is a pager's",
    NumberBar.SATELLITE: "is a satellite network's",
    NumberBar.COUNTRY: "is of a country that is not allowed here",
}


def bar_on(number: str, countries: Collection[str]) -> NumberBar | None:
    """Why an E.164 number is neither texted nor rung; none where it may be.

    ``countries`` are ISO 3166 codes. A number that its country's plan does not know (yet) counts
    for the country that its code begins with. Never raises; what is no number at all is barred.
    """
    if number.startswith(_DRAMA_MOBILE) and "GB" in countries:
        return None
    if _SATELLITE.match(number):
        return NumberBar.SATELLITE
    import phonenumbers  # noqa: PLC0415 - 80 ms to import

    kinds = phonenumbers.PhoneNumberType
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return NumberBar.COUNTRY
    match phonenumbers.number_type(parsed):
        case kinds.PREMIUM_RATE | kinds.SHARED_COST:
            return NumberBar.PREMIUM_RATE
        case kinds.PERSONAL_NUMBER:
            return NumberBar.PERSONAL_NUMBER
        case kinds.PAGER:
            return NumberBar.PAGER
        case _:
            region = phonenumbers.region_code_for_number(parsed)
            main = phonenumbers.region_code_for_country_code(parsed.country_code or 0)
            return None if (region or main) in countries else NumberBar.COUNTRY


def may_be_reached(place: str, countries: Collection[str]) -> bool:
    """Whether we may ring or text a number or SIP address that somebody else names.

    Nobody pays by the call to a SIP address; what is neither, such as a short code, is barred.
    """
    return place.lower().startswith(("sip:", "sips:")) or bar_on(place, countries) is None


def is_country(code: str) -> bool:
    """Whether an ISO 3166 code is that of a country with a numbering plan."""
    if code == "GB":
        return True
    import phonenumbers  # noqa: PLC0415 - as above

    return code in phonenumbers.SUPPORTED_REGIONS
