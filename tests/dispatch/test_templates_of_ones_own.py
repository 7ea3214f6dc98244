"""Does an office's own wording go out, and does a broken template hold up nothing but its own?"""

from pathlib import Path

import pytest

from contracts.vocabulary import Channel, DeliveryStatus
from store.tables import ledger
from tests.building import BOTH, first_of
from tests.dispatch.sending import open_sending
from tests.factories import catch_all, envelope

S = DeliveryStatus
EMAIL, SMS = Channel.EMAIL, Channel.SMS


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("{{ callerr }}", "line 1: UndefinedError"),
        ("Hello,\n{{ 1 / (text | length - text | length) }}", "line 2: ZeroDivisionError"),
        ("{% if %}", "line 1: TemplateSyntaxError"),
        ("{{ ''.__class__.__mro__ }}", "line 1: SecurityError"),
        ("{% include 'en-GB/email/nowhere.txt' %}", "is missing"),
    ],
    ids=["unknown word", "fault in it", "syntax", "out of the sandbox", "lost part"],
)
def test_a_template_that_fails_parks_its_delivery_only(
    empty_sqlite_url: str, tmp_path: Path, source: str, kind: str
) -> None:
    """With the template's name for whoever mends it; texts, and other emails, go on."""
    own = tmp_path / "own"
    broken = own / "en-GB" / "email" / "call.message_taken" / "body.txt"
    broken.parent.mkdir(parents=True)
    broken.write_text(source)
    with open_sending(empty_sqlite_url, tmp_path, templates_dir=own) as sending:
        sending.house.serve(services=BOTH, rules=[catch_all("d-mobile", "d-mail")])
        sending.house.tell(envelope("call.message_taken"), envelope("post.received"))

        sending.deliver(SMS)
        sending.deliver(EMAIL)

        standing = {
            (row["channel"], row["status"], row["reason"].value, row["detail"])
            for row in sending.house.deliveries()
        }
        entry = sending.house.rows(ledger, outcome="parked")[0]
    lost = kind == "is missing"
    name = "nowhere.txt:" if lost else "call.message_taken/body.txt"
    where = f"en-GB/email/{name} {kind}"
    assert standing == {
        (SMS, S.ACCEPTED, "provider_accepted", None),
        (EMAIL, S.ACCEPTED, "provider_accepted", None),
        (EMAIL, S.PARKED, "template_failed", where),
    }
    assert (entry["reason"].value, entry["detail"]) == ("template_failed", where)


def test_what_no_template_could_make_goes_by_the_rules_next_step(
    empty_sqlite_url: str, tmp_path: Path
) -> None:
    """The customer has a mobile for that: a fault of ours is no reason to leave it unused."""
    own = tmp_path / "own" / "en-GB" / "email"
    own.mkdir(parents=True)
    (own / "layout.html").write_text("{{ nothing_like_it }}")
    with open_sending(empty_sqlite_url, tmp_path, templates_dir=tmp_path / "own") as sending:
        sending.house.serve(rules=[first_of("d-mail", "d-mobile")])
        sending.house.have_message()

        sending.deliver(EMAIL)
        sending.deliver(SMS)

        assert sending.house.standing() == [
            ("d-mail", "parked", "template_failed"),
            ("d-mobile", "accepted", "provider_accepted"),
        ]


def test_a_language_is_added_by_files_alone(empty_sqlite_url: str, tmp_path: Path) -> None:
    """The body in Welsh, and around it what there is: the office begins with what matters."""
    own = tmp_path / "own" / "cy" / "email" / "call.message_taken"
    own.mkdir(parents=True)
    (own / "subject.txt").write_text("Neges gan {{ who }}")
    (own / "body.txt").write_text("Cymerwyd neges i chi.\n\n{{ text | quoted }}\n")
    (own / "body.html").write_text(
        "<p>Cymerwyd neges i chi.</p><blockquote>{{ text }}</blockquote>"
    )
    with open_sending(empty_sqlite_url, tmp_path, templates_dir=tmp_path / "own") as sending:
        sending.house.serve(locale="cy-GB", rules=[catch_all("d-mobile", "d-mail")])
        sending.house.have_message()

        sending.deliver(EMAIL)
        sending.deliver(SMS)

        (mail,) = sending.mails()
        (text,) = [one for one in sending.accepted() if one.kind == "sms"]
        versions = {
            entry["channel"]: entry["template_version"] for entry in sending.house.rows(ledger)
        }
    plain, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None
    assert html is not None
    assert str(mail["Subject"]).startswith("Neges gan Ada Quill")
    assert "> Please ring back about the lease before noon." in plain.get_content()
    assert '<html lang="cy">' in html.get_content()
    assert "Brindle &amp; Hart" in html.get_content()
    assert "Message for Tom Ash" in str(text.body)
    assert versions[EMAIL] != versions[SMS]
