"""Where does a text hold a card number, a security code beside it, or an IBAN?

The payment provider keeps payment details, never we. A structured field that holds one is
refused; a free text is masked and sent on, because an emergency must not be lost over it. One in
ten random digit strings passes the Luhn check, so a card is only what an issuer could have issued.
Phone numbers, instants, digests and ids in hexadecimal are no cards, whatever their digits.
"""

import re
from collections.abc import Iterator
from itertools import accumulate
from string import digits
from unicodedata import decimal

# What stands between the groups of a number, however it was typed or pasted: spaces but no end of a
# line, points, dashes of every length, and what nobody sees. Slashes and commas make dates, lists.
_GAP = r"(?:[^\S\r\n]|[._\-\u00ad\u2010-\u2015\u2212\u200b-\u200d\u2060\ufeff]){0,3}"
_RUN = re.compile(rf"(?<!\d)\d(?:{_GAP}\d){{12,}}")
_NO_CARD_AFTER = re.compile(r".?\+|\d:")
_GROUP = re.compile(r"\d+")
_UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_HEX = re.compile(r"[0-9a-fA-F]*[a-fA-F][0-9a-fA-F]*")
_IBAN = re.compile(rf"(?<![A-Za-z0-9])[A-Za-z]{{2}}\d{{2}}(?:{_GAP}[A-Za-z0-9]){{11,34}}")
_NAMED_CODE = re.compile(
    r"(?i)\b(?:cvv2?|cvc2?|cv2|csc|cid|security (?:code|number)|(?:last )?(?:3|three) digits)\b"
    r"\W{0,4}(?:(?:is|are|number|code|of|on the back)\b\W{0,3}){0,3}(\d{3,4})(?!\d)"
)
_NO_LETTER = re.compile(r"[^a-z0-9]")
_CODE = re.compile(r"\s*\d{3,4}\s*")
_CODE_FIELDS = frozenset(  # by their letters and digits alone, so that spelling does not matter
    {
        *("cvv", "cvv2", "cvc", "cvc2", "cv2", "csc", "securitycode", "securitynumber"),
        *("cardcode", "cardcvv", "cardcvc", "cardsecuritycode", "cardverificationcode"),
        *("verificationcode", "verificationvalue", "cardverificationvalue"),
    }
)
_CODE_AFTER = re.compile(
    r"(?i)[\s,;/|]{1,3}(?:(?:exp\w*\W{0,3})?\d{2}\s?[/\-]\s?\d{2,4}[\s,;/|]{1,3})?(\d{3,4})(?!\d|[/\-.:]\d)"
)
_MIN_CARD, _MAX_CARD = 13, 19
_MIN_IBAN, _MAX_IBAN = 15, 34
_CHECK_DIGITS = 2
_KEPT = 4
_SHORTEST_ID, _LONGEST_ID = 32, 128  # in hexadecimal: 128 to 512 bits

# (first prefix, last prefix, lengths); both prefixes have as many digits as are compared.
_ISSUERS: tuple[tuple[str, str, tuple[int, ...]], ...] = (
    ("4", "4", (13, 16, 18, 19)),  # Visa
    ("51", "55", (16,)),  # Mastercard
    ("2221", "2720", (16,)),
    ("34", "34", (15,)),  # American Express
    ("37", "37", (15,)),
    ("300", "305", (14, 16)),  # Diners Club
    ("3095", "3095", (14, 16)),
    ("36", "36", (14, 16)),
    ("38", "39", (14, 16)),
    ("6011", "6011", (16, 17, 18, 19)),  # Discover
    ("644", "659", (16, 17, 18, 19)),
    ("3528", "3589", (16, 17, 18, 19)),  # JCB
    ("62", "62", (16, 17, 18, 19)),  # UnionPay
    ("5018", "5018", (13, 14, 15, 16, 17, 18, 19)),  # Maestro
    ("5020", "5020", (13, 14, 15, 16, 17, 18, 19)),
    ("5038", "5038", (13, 14, 15, 16, 17, 18, 19)),
    ("5893", "5893", (13, 14, 15, 16, 17, 18, 19)),
    ("6304", "6304", (13, 14, 15, 16, 17, 18, 19)),
    ("6759", "6759", (13, 14, 15, 16, 17, 18, 19)),
    ("6761", "6763", (13, 14, 15, 16, 17, 18, 19)),
    ("2200", "2204", (16, 17, 18, 19)),  # Mir
)
_ISSUERS_BY_DIGIT = {
    digit: tuple(issuer for issuer in _ISSUERS if issuer[0][0] <= digit <= issuer[1][0])
    for digit in "23456"
}


def holds_payment_details(text: str) -> bool:
    """Whether ``text`` holds a card number that could have been issued, or a valid IBAN."""
    return next(_cards(text), None) is not None or next(_ibans(text), None) is not None


def mask_payment_details(text: str) -> str:
    """``text`` with each card number and IBAN masked but for four digits, codes beside one whole.

    Length and all other characters stay; masking twice changes nothing more.
    """
    cards = list(_cards(text))
    spans = [(start, end, _KEPT) for start, end in cards]
    spans += [(start, end, _KEPT) for start, end in _ibans(text)]
    if not spans:
        return text
    if cards:
        spans += [(*found.span(1), 0) for found in _NAMED_CODE.finditer(text)]
        beside = (_CODE_AFTER.match(text, end) for _, end in cards)
        spans += [(*found.span(1), 0) for found in beside if found]
    for start, end, kept in spans:
        text = text[:start] + _masked(text[start:end], kept) + text[end:]
    return text


def mask_everywhere(value: object) -> object:
    """A decoded JSON value with every text, key and long number in it masked.

    A security code in a field that is named after it is masked whole, with or without a card
    beside it: it may be stored by nobody.
    """
    match value:
        case str():
            return mask_payment_details(value)
        case bool() | None:
            return value
        case int() | float():
            masked = mask_payment_details(str(value))
            return value if masked == str(value) else masked
        case list():
            return [mask_everywhere(member) for member in value]
        case dict():
            return {
                mask_payment_details(str(key)): _code_or(str(key), member)
                for key, member in value.items()
            }
        case _:
            return mask_payment_details(str(value))


def _code_or(name: str, value: object) -> object:
    """A security code masked whole, where ``name`` says that it is one; else as everything."""
    if _NO_LETTER.sub("", name.lower()) in _CODE_FIELDS and _CODE.fullmatch(str(value)):
        return "*" * len(str(value))
    return mask_everywhere(value)


def _masked(part: str, kept: int) -> str:
    hidden = sum(character.isalnum() for character in part) - kept
    out = []
    for character in part:
        if character.isalnum() and hidden > 0:
            hidden -= 1
            out.append("*")
        else:
            out.append(character)
    return "".join(out)


def _fewer_digits(text: str, than: int) -> bool:
    """Whether a look at the text is spared; counting is ten times as fast as searching."""
    return text.isascii() and sum(map(text.count, digits)) < than


def _in_ascii_digits(text: str) -> str:
    """``text`` with the digits of all scripts as ours; each stays at its place."""
    if text.isascii():
        return text
    return "".join(str(decimal(one)) if one.isdecimal() else one for one in text)


def _cards(text: str) -> Iterator[tuple[int, int]]:
    text = _in_ascii_digits(text)
    if _fewer_digits(text, _MIN_CARD):
        return
    for run in _RUN.finditer(text):
        if not _is_identifier(text, run.start(), run.end()):
            yield from _cards_in(text, run.start(), run.end())


def _cards_in(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    groups = [group.span() for group in _GROUP.finditer(text, start, end)]
    # After a plus it is a telephone number, after a colon an instant's seconds: no card.
    first = 1 if _NO_CARD_AFTER.fullmatch(text[max(0, start - 2) : start]) else 0
    while first < len(groups):
        last = _last_of_card(text, groups, first)
        if last is not None:
            yield (groups[first][0], groups[last][1])
            first = last
        first += 1


def _last_of_card(text: str, groups: list[tuple[int, int]], first: int) -> int | None:
    reach = groups[first : first + _MAX_CARD]
    if text[groups[first][0]] not in _ISSUERS_BY_DIGIT:
        return None
    lengths = list(accumulate(stop - begin for begin, stop in reach))
    for last in reversed(range(len(reach))):
        if _MIN_CARD <= lengths[last] <= _MAX_CARD:
            number = "".join(text[begin:stop] for begin, stop in reach[: last + 1])
            if _is_card(number):
                return first + last
    return None


def _is_card(number: str) -> bool:
    issued = any(
        len(number) in lengths and low <= number[: len(low)] <= high
        for low, high, lengths in _ISSUERS_BY_DIGIT.get(number[0], ())
    )
    if not issued:
        return False
    from stdnum import luhn  # noqa: PLC0415 - needed for one text in thousands

    return bool(luhn.is_valid(number))


def _ibans(text: str) -> Iterator[tuple[int, int]]:
    text = _in_ascii_digits(text)
    if _fewer_digits(text, _CHECK_DIGITS):
        return
    position = 0
    while found := _IBAN.search(text, position):
        end = _iban_end(text, found.start(), found.end())
        if end is None:
            position = found.start() + 1
        else:
            yield (found.start(), end)
            position = end


def _iban_end(text: str, start: int, end: int) -> int | None:
    if _is_identifier(text, start, end):
        return None
    places = [at for at in range(start, end) if text[at].isalnum()]
    for length in range(min(_MAX_IBAN, len(places)), _MIN_IBAN - 1, -1):
        stop = places[length - 1] + 1
        ends_a_word = not text[stop : stop + 1].isalnum()
        if ends_a_word and _is_iban("".join(text[at] for at in places[:length])):
            return stop
    return None


def _is_iban(compact: str) -> bool:
    turned = compact[4:] + compact[:4]
    if int("".join(str(int(character, 36)) for character in turned)) % 97 != 1:
        return False
    from stdnum import iban  # noqa: PLC0415 - needed for one text in thousands

    return bool(iban.is_valid(compact))


def _is_identifier(text: str, start: int, end: int) -> bool:
    """Whether the digits belong to a UUID, a digest or another id in hexadecimal."""
    before, after = max(0, start - _LONGEST_ID), end + _LONGEST_ID
    uuids = _UUID.finditer(text, before, after)
    if any(uuid.start() < end and start < uuid.end() for uuid in uuids):
        return True
    first, last = start, end
    while first > before and text[first - 1].isalnum():
        first -= 1
    while last < min(len(text), after) and text[last].isalnum():
        last += 1
    token = text[first:last]
    return len(token) >= _SHORTEST_ID and _HEX.fullmatch(token) is not None
