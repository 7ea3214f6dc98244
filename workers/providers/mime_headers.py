"""How is a value written into an email's header so that it says that and nothing else?

RFC 5322 folding, RFC 2047 encoded words, RFC 2231 parameters, RFC 6532 for the one case where an
address itself is not ASCII. Control characters (CR and LF, and what turns the direction of
writing, among them) become spaces before anything else is looked at: no value can start a header
of its own, or read as what it is not.
"""

import re
from base64 import b64encode
from urllib.parse import quote

import idna

CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")
LINK = re.compile(r"https?://[!#-;=?-~]{1,800}")  # what a URL may hold (RFC 3986), no quotes, no <>
FIELD_NAME = re.compile(r"[!-9;-~]{1,64}")  # RFC 5322, section 3.6.8: printable, no colon
MESSAGE_ID = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,200}@[A-Za-z0-9.-]{1,200}")
UNFIT_IN_LOCAL = re.compile(r'[\s\x00-\x20\x7f-\x9f\ud800-\udfff"(),:;<>@\[\\\]]')
UNFIT_IN_FILENAME = re.compile(
    r'[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff"*/:<>?\\|]+'
)
DOMAIN = re.compile(
    r"(?=.{1,253}\Z)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*",
    re.IGNORECASE,
)
LOCAL_LIMIT = 64  # RFC 5321, section 4.5.3.1.1
LINE = 76  # RFC 2047, section 2: the most that a line with an encoded word may have
CHUNK = 39  # octets to an encoded word: 52 characters of base64, 64 with what wraps them
FILENAME_CHUNK = 60
FILENAME_LIMIT = 120
ENDING_LIMIT = 8


def header(name: str, value: str) -> str:
    """``Name: value``, folded: ASCII as it is, the rest as encoded words.

    Raises:
        ValueError: the name is not a field name.
    """
    if not FIELD_NAME.fullmatch(name):
        raise ValueError("a header's name is not a field name")
    clean = CONTROLS.sub(" ", value).strip()
    if clean.isascii() and "=?" not in clean:
        if len(name) + 2 + len(clean) <= LINE:
            return f"{name}: {clean}"
        folded = _folded(f"{name}:", clean)
        if folded is not None:
            return folded
    gap = " " if len(name) <= LINE - 2 - 64 else "\r\n "
    return f"{name}:{gap}{_encoded_words(clean)}"


def link_header(name: str, link: str) -> str:
    """``Name: <link>`` on one line, never folded or encoded (RFC 2369, section 2).

    Raises:
        ValueError: it is no web address, or longer than a line may be.
    """
    if not LINK.fullmatch(link):
        raise ValueError("a header's link is not a web address")
    return f"{name}: <{link}>"


def mailbox(display_name: str, address: str) -> str:
    """``"Name" <address>``, or the address alone where there is no name.

    Raises:
        ValueError: the address is not one that can stand in a header.
    """
    ready = ready_address(address)
    if ready is None:
        raise ValueError("an address is unfit for a header")
    clean = CONTROLS.sub(" ", display_name).strip()
    if not clean:
        return f"<{ready}>"
    if clean.isascii() and "=?" not in clean and len(clean) <= LINE // 2:
        escaped = clean.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}" <{ready}>'
    return f"{_encoded_words(clean)}\r\n <{ready}>"


def ready_address(address: str) -> str | None:
    """The address with its domain in ASCII (IDNA 2008), or None if it cannot be one.

    The local part stays as it is: where it is not ASCII, the far side must know SMTPUTF8. Quoted
    local parts and address literals are refused: they are where parsers disagree, and no
    customer's address is one.
    """
    local, _, domain = address.rpartition("@")
    if not local or len(local.encode("utf-8", "replace")) > LOCAL_LIMIT:
        return None
    if UNFIT_IN_LOCAL.search(local) or f".{local}.".count("..") > 0:
        return None
    if not domain.isascii():
        try:
            domain = idna.encode(domain, uts46=True).decode("ascii")
        except UnicodeError:  # IDNAError is one
            return None
    return f"{local}@{domain}" if DOMAIN.fullmatch(domain) else None


def message_id(identifier: str) -> str:
    """The Message-ID in its angle brackets, whether or not it came with them.

    Raises:
        ValueError: it is not of the form that RFC 5322, section 3.6.4, gives.
    """
    bare = identifier.removeprefix("<").removesuffix(">")
    if not MESSAGE_ID.fullmatch(bare):
        raise ValueError("the Message-ID is not of the form left@right")
    return f"<{bare}>"


def filename_parameter(filename: str) -> str:
    """``; filename=…`` for a Content-Disposition: quoted ASCII, or RFC 2231 in pieces.

    What could name a folder or steer a shell is replaced; the ending is kept when a name is cut.
    """
    clean = " ".join(UNFIT_IN_FILENAME.sub("_", filename).split()).strip(" .") or "attachment"
    if len(clean) > FILENAME_LIMIT:
        stem, dot, ending = clean.rpartition(".")
        keep = dot + ending if dot and len(ending) <= ENDING_LIMIT else ""
        clean = (stem or clean)[: FILENAME_LIMIT - len(keep)] + keep
    if clean.isascii() and len(clean) <= FILENAME_CHUNK:
        return f';\r\n filename="{clean}"'
    pieces, piece = [], "utf-8''"
    for character in clean:
        escaped = quote(character, safe="")
        if len(piece) + len(escaped) > FILENAME_CHUNK:
            pieces.append(piece)
            piece = ""
        piece += escaped
    pieces.append(piece)
    return "".join(f";\r\n filename*{number}*={text}" for number, text in enumerate(pieces))


def _folded(start: str, clean: str) -> str | None:
    """Folded before spaces; None where a word is too long, or blanks would stand in a row."""
    lines, line = [], start
    for word in clean.split(" "):
        if not word or len(word) > LINE - 1:
            return None
        if len(line) + 1 + len(word) > LINE and line is not start:
            lines.append(line)
            line = ""
        line = f"{line} {word}"
    return "\r\n".join([*lines, line])


def _encoded_words(clean: str) -> str:
    """RFC 2047 words of whole characters, a line each."""
    words, chunk = [], b""
    for character in clean:
        octets = character.encode("utf-8", "replace")
        if len(chunk) + len(octets) > CHUNK:
            words.append(chunk)
            chunk = b""
        chunk += octets
    words.append(chunk)
    return "\r\n ".join(f"=?utf-8?b?{b64encode(word).decode('ascii')}?=" for word in words)
