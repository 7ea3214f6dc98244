"""What telephone number is meant, and may it be sent a text?

Numbers come as E.164 or in GB national form and are kept as E.164. Ofcom's numbers for drama are
nobody's, so a numbering plan calls them invalid: here they are numbers, and mobiles only where
the sandbox stands in for the provider.
"""

import re
from typing import NewType

E164 = NewType("E164", str)

NUMBER_WANTED = (
    "must be a telephone number in E.164 (+44…) or GB national form, without letters or extension"
)

_PUNCTUATION = str.maketrans("", "", " \u00a0-.()/")
_PLAIN_E164 = re.compile(r"\+44[1-9]\d{9}", re.ASCII)
_PLAIN_NATIONAL = re.compile(r"0[1-9]\d{9}", re.ASCII)
_WRITTEN = re.compile(r"\+?[\d \u00a0().\-/]{3,30}", re.ASCII)
_TRUNK_ZERO = re.compile(r"\+44[ .\-]?\(0\)")

# https://www.ofcom.org.uk/phones-and-broadband/phone-numbers/numbers-for-drama
_DRAMA = re.compile(
    r"\+44(?:"
    r"(?:11[3-8]|121|131|141|151|161)4960\d{3}"  # Leeds to Reading, Birmingham to Manchester
    r"|1914980\d{3}"  # Tyneside, Durham, Sunderland
    r"|2079460\d{3}"  # London
    r"|2896496\d{3}"  # Northern Ireland
    r"|2920180\d{3}"  # Cardiff
    r"|1632960\d{3}"  # no area
    r"|7700900\d{3}"  # mobiles
    r"|8081570\d{3}"  # freephone
    r"|9098790\d{3}"  # premium rate
    r"|3069990\d{3}"  # UK-wide
    r")",
    re.ASCII,
)
_DRAMA_MOBILE = "+447700900"


def normalise(number: str) -> E164:
    """The number as E.164. Any number that could be one passes; whether it rings is not known.

    Raises ValueError, which does not quote the number, for anything else.
    """
    plain = number.translate(_PUNCTUATION)
    if _PLAIN_E164.fullmatch(plain) and "(" not in number:
        return E164(plain)
    if _PLAIN_NATIONAL.fullmatch(plain):
        return E164("+44" + plain[1:])
    if _WRITTEN.fullmatch(number) is None:
        raise ValueError(NUMBER_WANTED)
    import phonenumbers  # noqa: PLC0415 - 80 ms to import; most numbers do without it

    try:
        parsed = phonenumbers.parse(_TRUNK_ZERO.sub("+44", number), "GB")
    except phonenumbers.NumberParseException:
        raise ValueError(NUMBER_WANTED) from None
    if parsed.extension or not phonenumbers.is_possible_number(parsed):
        raise ValueError(NUMBER_WANTED)
    return E164(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))


def is_drama(number: str) -> bool:
    """Whether an E.164 number is in one of Ofcom's ranges for drama: it belongs to nobody."""
    return _DRAMA.fullmatch(number) is not None


def can_be_mobile(number: str, *, admit_drama: bool) -> bool:
    """Whether a text can be sent to this E.164 number, by its numbering plan."""
    if is_drama(number):
        return admit_drama and number.startswith(_DRAMA_MOBILE)
    import phonenumbers  # noqa: PLC0415 - as above

    try:
        kind = phonenumbers.number_type(phonenumbers.parse(number))
    except phonenumbers.NumberParseException:
        return False
    return kind in {
        phonenumbers.PhoneNumberType.MOBILE,
        phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE,
    }
