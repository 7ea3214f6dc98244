"""How are the tables brought up to date? By Alembic, one process at a time."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, text

_FOLDER = Path(__file__).parent / "migrations"
_LOCK = 0x0_4E_57_41_52_44  # any number of our own: PostgreSQL's advisory locks have no names


def migrate(engine: Engine) -> str:
    """Bring the tables to the newest version and give its name. Safe to run twice at once."""
    with engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection.detach()  # not for others: a migration takes as long as it takes
            connection.execute(text("SET statement_timeout = 0"))
            connection.execute(text("SELECT pg_advisory_lock(:n)"), {"n": _LOCK})
            connection.commit()
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_unlock(:n)"), {"n": _LOCK})
            connection.commit()
    return newest()


def newest() -> str:
    """The version that this code needs."""
    return str(ScriptDirectory.from_config(_config()).get_current_head())


def version(engine: Engine) -> str | None:
    """The version that the database is at; none before the first migration."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    config.set_main_option("path_separator", "os")
    return config
