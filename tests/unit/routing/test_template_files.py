"""Can nothing that anybody said become a template or markup, and is the right wording found?"""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.vocabulary import Content
from tests.unit.routing.test_rendering import COMPANY, READER, email, event, everything, text
from workers.routing.rendering import Reader, Renderer
from workers.routing.template_files import (
    SHIPPED,
    TemplateFailedError,
    TemplateFiles,
    TemplateMissingError,
    chain,
)

EVENT = "call.message_taken"
HOSTILE = [
    "{{ 7*7 }}",
    "{% for x in range(9) %}x{% endfor %}",
    "{# hidden #}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ trading_name }}",
    "# for x in y",
    "<script>alert(1)</script>",
    "</blockquote><img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)',
    "<!-- ",
    "]]>",
    "&lt;script&gt;",
    "javascript:alert(1)",
    "\x00\x07\x1b[31m",
    "\u202egnp.exe",
    "\u2066hidden\u2069",
    "a\r\nBcc: eve@evil.example",
    "a\nSubject: another",
    "\u2028Bcc: eve@evil.example",
]


@pytest.mark.parametrize("words", HOSTILE)
def test_hostile_words_are_shown_and_never_obeyed(words: str) -> None:
    """In every field that a stranger fills, by every channel."""
    caller = {"name": words.strip() or "x", "company": words.strip() or "x"}
    plain = event(EVENT, text="x").model_copy(
        update={"text": words, "category": words, "caller": None}
    )
    data = event(EVENT, text="x", caller={"name": "x"})
    named = data.model_copy(
        update={
            "text": words,
            "category": words,
            "caller": data.caller.model_copy(update=caller),  # type: ignore[attr-defined]
        }
    )
    renderer = Renderer(COMPANY)
    for one in (plain, named):
        mail = renderer.render_email(EVENT, one, Content.FULL, READER)
        sms = renderer.render_text(EVENT, one, Content.FULL, READER).body

        assert "\n" not in mail.subject
        assert "49" not in f"{mail.subject}{sms}"
        assert not {"\u202e", "\u2066", "\x00", "\x1b"} & set(everything(mail) + sms)
        body = mail.html.partition("<main>")[2].partition("</main>")[0]
        assert "<script" not in body
        assert "<img" not in body
        assert 'onmouseover="' not in body
        assert "<!--" not in body


def test_what_looks_like_a_template_arrives_as_it_was_said() -> None:
    """A developer's customer may well dictate one."""
    said = "Use {{ 7*7 }} & <b>bold</b> {% raw %}"

    mail = email(EVENT, text=said)

    assert f"> {said}" in mail.text
    assert "Use {{ 7*7 }} &amp; &lt;b&gt;bold&lt;/b&gt; {% raw %}" in mail.html
    assert said in text(EVENT, text=said)


@given(words=st.text(min_size=1, max_size=300))
def test_no_words_add_an_element_to_the_html(words: str) -> None:
    """As many tags as without them, whatever they are."""
    silent = everything_html("quiet")
    loud = everything_html(words)

    assert loud.count("<") == silent.count("<")


def everything_html(words: str) -> str:
    """The HTML of a message that says this, and of nothing else."""
    said = event(EVENT, text="x").model_copy(update={"text": f"x{words}"})
    return Renderer(COMPANY).render_email(EVENT, said, Content.FULL, READER).html


def _put(folder: Path, name: str, source: str) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(source)


BODY = f"en-GB/email/{EVENT}/body.html"


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("{{ text | safe }}", "TemplateAssertionError"),
        ("{{ text | urlize }}", "TemplateAssertionError"),
        ("{{ {'a': text} | xmlattr }}", "TemplateAssertionError"),
        ("{% autoescape false %}{{ text }}{% endautoescape %}", "turns escaping off or on"),
        ("{% include 'en-GB/email/plain.txt' %}", "puts plain text into HTML"),
        ("{% include text %}", "names another by a value"),
        ("{% include '../../../etc/passwd.html' %}", "is missing"),
        ("{% extends 'en-GB/email/call.message_taken/body.html' %}", "uses itself"),
    ],
)
def test_there_is_no_way_to_turn_escaping_off(tmp_path: Path, source: str, why: str) -> None:
    """Not by mistake either: whoever writes `safe` wants a line break, not a caller's script."""
    _put(tmp_path, BODY, source)
    _put(tmp_path, "en-GB/email/plain.txt", "{{ text }}")
    renderer = Renderer(COMPANY, tmp_path)

    with pytest.raises(TemplateFailedError) as failed:
        renderer.render_email(EVENT, event(EVENT), Content.FULL, READER)

    assert why in str(failed.value)


def test_a_failure_quotes_nothing_that_anybody_said(tmp_path: Path) -> None:
    """It goes into the record and to operators, as a plain word."""
    _put(tmp_path, BODY, "{{ {}[text] }}")
    renderer = Renderer(COMPANY, tmp_path)

    with pytest.raises(TemplateFailedError) as failed:
        renderer.render_email(EVENT, event(EVENT, text="the boiler"), Content.FULL, READER)

    assert str(failed.value) == f"{BODY} line 1: UndefinedError"
    assert failed.value.__cause__ is None


@pytest.mark.parametrize(
    ("locale", "tried"),
    [
        ("en-GB", ("en-GB", "en")),
        ("cy-GB", ("cy-GB", "cy", "en-GB")),
        ("zh-Hant-HK", ("zh-Hant-HK", "zh-Hant", "zh", "en-GB")),
        ("en-US", ("en-US", "en", "en-GB")),
        ("../../x", ("en-GB",)),
        ("", ("en-GB",)),
    ],
)
def test_a_locale_is_tried_from_the_particular_to_the_general(
    locale: str, tried: tuple[str, ...]
) -> None:
    """And ends with British English, for everyone."""
    assert chain(locale) == tried


def test_all_parts_of_an_email_are_of_one_language(tmp_path: Path) -> None:
    """A Welsh subject over an English letter is a mistake, not a fallback."""
    _put(tmp_path, f"cy/email/{EVENT}/subject.txt", "Neges")

    written = Renderer(COMPANY, tmp_path).render_email(
        EVENT, event(EVENT), Content.FULL, Reader(locale="cy-GB")
    )

    assert written.subject.startswith("Message for")
    assert '<html lang="en-GB">' in written.html


def test_an_office_changes_one_file_and_keeps_the_rest(tmp_path: Path) -> None:
    """Its own footer, around the shipped bodies; and its own body that extends the shipped."""
    _put(tmp_path, "en-GB/email/footer.txt", "{{ trading_name }}, by the quay")
    _put(
        tmp_path,
        f"en-GB/email/{EVENT}/body.txt",
        f"{{% include 'shipped/en-GB/email/{EVENT}/body.txt' %}}\nOur lines are open till eight.\n",
    )

    written = Renderer(COMPANY, tmp_path).render_email(EVENT, event(EVENT), Content.FULL, READER)

    assert "> The boiler leaks again." in written.text
    assert "Our lines are open till eight." in written.text
    assert written.text.endswith("Brightwater Offices, by the quay\n")


def test_the_version_covers_all_that_takes_part(tmp_path: Path) -> None:
    """An included part that was changed is another wording, though no file that includes it is."""
    version = email("post.scanned").template_version
    shipped = (SHIPPED / "en-GB/email/enclosed.html").read_text()

    _put(tmp_path, "en-GB/email/enclosed.html", shipped + "<p>More.</p>")
    changed = Renderer(COMPANY, tmp_path).render_email(
        "post.scanned", event("post.scanned"), Content.FULL, READER
    )
    _put(tmp_path, "en-GB/email/enclosed.html", shipped)
    same = Renderer(COMPANY, tmp_path).render_email(
        "post.scanned", event("post.scanned"), Content.FULL, READER
    )

    assert changed.template_version != version
    assert same.template_version == version


def test_what_was_read_once_is_what_is_on_record(tmp_path: Path) -> None:
    """A file that is changed under a running process changes neither wording nor version."""
    path = f"en-GB/email/{EVENT}/body.txt"
    _put(tmp_path, path, "Before.")
    renderer = Renderer(COMPANY, tmp_path)
    before = renderer.render_email(EVENT, event(EVENT), Content.FULL, READER)

    _put(tmp_path, path, "After.")
    after = renderer.render_email(EVENT, event(EVENT), Content.FULL, READER)

    assert after == before


def test_every_shipped_template_can_be_used() -> None:
    """Each, by itself: parts that only some event includes, too."""
    files = TemplateFiles({}, None)

    names = files.names()

    assert len(names) > 40
    for name in names:
        assert files.piece(name).name == name


def test_what_nobody_has_written_is_said_to_be_missing() -> None:
    """With the name of the file that would be needed."""
    with pytest.raises(TemplateMissingError) as missing:
        TemplateFiles({}, None).find("cy-GB", "sms/offer.published.txt")

    assert missing.value.path == "sms/offer.published.txt"


@pytest.mark.parametrize("part", ["text", "html"])
def test_branding_stands_in_every_email(part: str) -> None:
    """Names, contact details and the lines that company law wants; as data, not as markup."""
    company = type(COMPANY)(
        legal_name="Brightwater <Holdings> Ltd",
        trading_name="Brightwater & Sons",
        phone="01632 960001",
        email="help@brightwater.example",
        website="https://brightwater.example",
        colour="#123456",
        logo="https://brightwater.example/logo.png",
        footer=("Registered in England, no. 01234567", "1 Quay Street, Westport <ZZ1>"),
    )

    written = Renderer(company).render_email(EVENT, event(EVENT), Content.FULL, READER)

    body = getattr(written, part)
    shown = body if part == "text" else body.replace("&lt;", "<").replace("&gt;", ">")
    shown = shown.replace("&amp;", "&")
    for word in (
        company.legal_name,
        company.trading_name,
        company.phone,
        company.email,
        "https://brightwater.example",
        *company.footer,
    ):
        assert word in shown
    if part == "html":
        assert "#123456" in body
        assert (
            '<img src="https://brightwater.example/logo.png" alt="Brightwater &amp; Sons">' in body
        )
        assert "<Holdings>" not in body
