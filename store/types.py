"""What kinds of value a column may hold: instants, closed words, and sealed personal values."""

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Generic, TypeVar

from sqlalchemy import BigInteger, DateTime, LargeBinary, String
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

W = TypeVar("W", bound=StrEnum)


class SealedBytes(bytes):
    """Ciphertext, made by ``store.encryption``. Nothing else can be written to a sealed column."""

    __slots__ = ()


class Sealed(TypeDecorator[SealedBytes]):
    """A personal value, encrypted before it reaches the driver (AES-256-GCM, ``store.encryption``).

    Binding anything but ``SealedBytes`` is an error: plain text cannot be stored by mistake.
    """

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: bytes | None, dialect: Dialect) -> bytes | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Let through only what was sealed."""
        if value is not None and not isinstance(value, SealedBytes):
            raise TypeError("a sealed column takes only SealedBytes; seal the value first")
        return None if value is None else bytes(value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> SealedBytes | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Mark what comes back as sealed."""
        return None if value is None else SealedBytes(value)


class Instant(TypeDecorator[datetime]):
    """A UTC instant: ``timestamptz`` in PostgreSQL, microseconds since 1970 in SQLite."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the column type of this database."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(DateTime(timezone=True))
        return dialect.type_descriptor(BigInteger())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Refuse naive instants: they mean different moments to different readers."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs its offset")
        if dialect.name == "postgresql":
            return value
        return (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Give an aware UTC instant."""
        if value is None:
            return None
        if dialect.name == "postgresql":
            instant: datetime = value
            return instant.astimezone(UTC)
        moment: datetime = _EPOCH + value * _MICROSECOND
        return moment


class Word(TypeDecorator[W], Generic[W]):
    """A closed word of ``contracts.vocabulary``, or of one of several kinds, stored as its text."""

    impl = String
    cache_ok = True

    def __init__(self, words: type[W] | tuple[type[W], ...]) -> None:
        super().__init__(32)
        self.words = words
        self.kinds: tuple[type[W], ...] = words if isinstance(words, tuple) else (words,)
        self._by_text = {word.value: word for kind in self.kinds for word in kind}

    def process_bind_param(self, value: W | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Refuse a word that is not one of the closed set."""
        if value is None:
            return None
        if value not in self._by_text:
            raise ValueError(f"{value} is none of {', '.join(self._by_text)}")
        return self._by_text[value].value

    def process_result_value(self, value: str | None, dialect: Dialect) -> W | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Give the word."""
        return None if value is None else self._by_text[value]
