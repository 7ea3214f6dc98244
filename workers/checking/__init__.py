"""What is misconfigured, unreachable or out of step here? Everything that ``onward check`` says.

Each check stands alone: none can fail or delay another, and none changes anything.
"""

from collections.abc import Sequence
from functools import partial

from config.settings import Settings
from workers.checking import broker, database, here, outside
from workers.checking.finding import Check, Finding, State, look_at_all

__all__ = ["Finding", "State", "check_all"]


def check_all(settings: Settings) -> list[Finding]:
    """Look at everything at once; answers within some twenty seconds, and raises nothing."""
    looks = {
        "settings": here.settings,
        "company": here.company,
        "templates": here.templates,
        "channels": here.channels,
        "processors": here.processors,
        "public address": here.public_url,
        "master key": here.master_key,
        "data folder": here.data_folder,
        "files": outside.files,
        "database": database.database,
        "broker": broker.broker,
        "providers": outside.providers,
        "provider's clock": outside.provider_clock,
    }
    checks: Sequence[Check] = [Check(what, partial(look, settings)) for what, look in looks.items()]
    return look_at_all(checks)
