"""Is what is said a document that the telephone provider can read, whatever a caller is called?"""

from xml.etree import ElementTree as ET

import pytest

from contracts.events.calls import CallWaiting
from tests.unit.routing.samples import DATA
from workers.providers.twilio_announcing import announcing_twiml
from workers.routing.rendering import Company, Renderer
from workers.routing.speaking import Speaker

SPEAKER = Speaker(
    Renderer(Company("Brightwater Ltd", "Brightwater", "+441632960100", "desk@example.com"))
)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("</Say><Dial>+449098790123</Dial><Say>", "</Say><Dial>+449098790123</Dial><Say>"),
        ("Ann & Sons {{ 7 * 7 }}", "Ann & Sons {{ 7 * 7 }}"),
        ("Ann\ufffe\uffffReed", "Ann Reed"),
        ("Ann\u202eReed", "Ann Reed"),
    ],
)
def test_a_callers_name_is_read_out_and_is_never_a_word_to_the_provider(
    name: str, said: str
) -> None:
    """A document that is no XML ends the call; one with a verb of somebody's dials for them."""
    call = CallWaiting.model_validate(DATA["call.waiting"][1] | {"caller": {"name": name}})

    spoken = SPEAKER.announcement(call, "en-GB", must_press=False)

    document = ET.fromstring(announcing_twiml(spoken.words, spoken.language, None))  # noqa: S314
    assert [element.tag for element in document.iter()] == ["Response", "Say"]
    assert said in str(document[0].text)
