"""Clause 1: every email names the company by both its names, and these come from the settings."""

from itertools import product

import pytest

from config.sending import MissingSettingsError, company_of
from config.settings import Settings
from contracts.events import EventData
from contracts.rule_words import Matchable
from contracts.vocabulary import Content, Purpose
from workers.bootstrap.preparing import renderer_of
from workers.previewing.samples import SAMPLES, sample
from workers.routing.digest_writing import Together
from workers.routing.enclosing import NOTHING_ENCLOSED
from workers.routing.post_items import WRITTEN_AS
from workers.routing.rendering import Reader, RenderedEmail, Renderer
from workers.routing.template_files import SHIPPED
from workers.routing.together import TogetherRenderer

NAMES = ("Saltmarsh Holdings Ltd", "Saltmarsh Desks")
OTHER_NAMES = ("Quayside Group Ltd", "Quayside Rooms")
READER = Reader(greeting="Ann")


def _settings(legal: str | None, trading: str | None) -> Settings:
    return Settings(
        sandbox=True,
        company_legal_name=legal,
        company_trading_name=trading,
        company_phone="01632 960777",
        company_email="office@saltmarsh.example",
    )


def _events() -> dict[str, EventData]:
    """A sample of each thing that emails are written about."""
    of_items = {name: sample("post.received") for name in WRITTEN_AS.values()}
    return {name: sample(name) for name in SAMPLES} | of_items


def _every_email(renderer: Renderer) -> dict[str, list[RenderedEmail]]:
    """All that can be sent, by the folder of its template."""
    found: dict[str, list[RenderedEmail]] = {}
    for (name, event), content in product(_events().items(), Content):
        found.setdefault(name, []).append(renderer.render_email(name, event, content, READER))
    together = [Together(kind, sample(kind)) for kind in Matchable]
    enclosed = [NOTHING_ENCLOSED] * len(together)
    digest = TogetherRenderer(renderer).email(
        together, Content.FULL, Purpose.MESSAGES, READER, enclosed
    )
    return found | {"digest": [digest]}


def test_clause_1_every_email_names_both_and_none_is_left_out() -> None:
    """Whoever writes says who they are: as the law names them, and as customers know them."""
    written = _every_email(renderer_of(_settings(*NAMES)))

    folders = {path.name for path in (SHIPPED / "en-GB" / "email").iterdir() if path.is_dir()}
    assert written.keys() == folders
    for name, emails in written.items():
        for part in (part for one in emails for part in (one.text, one.html)):
            assert [known for known in NAMES if known not in part] == [], name


def test_clause_1_no_name_is_written_into_a_template() -> None:
    """Another company's settings leave nothing of the first in any email."""
    written = _every_email(renderer_of(_settings(*OTHER_NAMES)))

    words = "".join(
        f"{one.subject}{one.text}{one.html}" for all_ in written.values() for one in all_
    )
    assert [name for name in OTHER_NAMES if name not in words] == []
    assert "Saltmarsh Holdings" not in words
    sources = "".join(path.read_text("utf-8") for path in SHIPPED.rglob("*") if path.is_file())
    assert "Express Solutions" not in sources
    assert " Ltd" not in sources


@pytest.mark.parametrize("missing", ["company_legal_name", "company_trading_name"])
def test_clause_1_without_either_name_no_email_is_written(missing: str) -> None:
    """Nobody gets an email from nobody; the answer names what is to be set."""
    legal, trading = (
        None if missing == name else "Saltmarsh"
        for name in ("company_legal_name", "company_trading_name")
    )

    with pytest.raises(MissingSettingsError) as raised:
        company_of(_settings(legal, trading))

    assert raised.value.names == (missing,)
