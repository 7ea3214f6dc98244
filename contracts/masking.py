"""How a personal value is shown to people who need to recognise it, not to have it."""

from contracts.vocabulary import DestinationKind

_HIDDEN = "•••"


def mask(kind: DestinationKind, value: str) -> str:
    """Show enough to recognise a destination by, and no more.

    A number keeps its country's first digits and the last three, an address its first letter and
    domain, a postal address its last line's first word.
    """
    match kind:
        case DestinationKind.MOBILE | DestinationKind.VOICE:
            return mask_number(value)
        case DestinationKind.EMAIL:
            local, _, domain = value.rpartition("@")
            return f"{local[:1]}{_HIDDEN}@{domain}"
        case DestinationKind.POSTAL:
            return mask_postal(value)


def mask_number(value: str) -> str:
    """Show a telephone number's beginning and its last three digits."""
    return f"{value[:5]}{_HIDDEN}{value[-3:]}" if len(value) > 8 else _HIDDEN


def mask_postal(value: str) -> str:
    """Show a postal address's last line's first word: the outward part of a postcode."""
    lines = [part.strip() for part in value.replace("\n", ",").split(",") if part.strip()]
    last = lines[-1].split() if lines else []
    return f"{_HIDDEN} {last[0]}" if last else _HIDDEN
