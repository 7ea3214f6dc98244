"""Do the migrations make the very tables that the code is written for?"""

import threading

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from store.engine import open_engine
from store.migrating import migrate, newest, version
from store.tables import metadata


def test_the_migrations_make_the_tables_that_the_code_knows(store_url: str) -> None:
    """A column that only the tests' tables have fails in the first real installation."""
    engine = open_engine(store_url)

    reached = migrate(engine)

    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        found = compare_metadata(context, metadata)
    at = version(engine)
    engine.dispose()
    assert found == []
    assert reached == at == newest()


def test_migrating_again_changes_nothing(store_url: str) -> None:
    """Every start of the embedded form migrates."""
    engine = open_engine(store_url)
    before = version(engine)
    migrate(engine)

    again = migrate(engine)

    engine.dispose()
    assert before is None
    assert again == newest()


def test_two_processes_may_migrate_at_once(postgresql_url: str) -> None:
    """A stack's containers start together."""
    failed: list[BaseException] = []
    together = threading.Barrier(2)

    def run() -> None:
        engine = open_engine(postgresql_url)
        together.wait()
        try:
            migrate(engine)
        except Exception as error:  # noqa: BLE001 - shown below
            failed.append(error)
        finally:
            engine.dispose()

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failed == []
