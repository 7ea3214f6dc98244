"""Which columns that could hold something about a person does the register of fields not know?"""

from sqlalchemy import BigInteger, LargeBinary, MetaData, String, Text

from store.personal import NOBODYS, REGISTER
from store.types import Sealed, Word

_TERMS = {"search_terms.term"}  # a number that is a keyed digest


def could_be_personal(metadata: MetaData) -> dict[str, set[str]]:
    """Give the columns of each table that could hold something about a person."""
    return {
        table.name: {
            column.name
            for column in table.c
            if isinstance(column.type, Sealed | LargeBinary | Text)
            or (isinstance(column.type, String) and not isinstance(column.type, Word))
            or (isinstance(column.type, BigInteger) and f"{table.name}.{column.name}" in _TERMS)
        }
        for table in metadata.tables.values()
    }


def unregistered(metadata: MetaData) -> set[str]:
    """Give those that stand in no holding of the register, of tables that are not nobody's."""
    return {
        f"{table}.{name}"
        for table, names in could_be_personal(metadata).items()
        if table not in NOBODYS
        for name in names - _known(table)
    }


def _known(table: str) -> set[str]:
    if table not in REGISTER:
        return set()
    return {*REGISTER[table].fields, *REGISTER[table].neutral}
