"""Is a delivery report read for what it says, whoever wrote it?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.receipts.delivery_report import Action, Report, read_report

HEAD = b"""\
From: MAILER-DAEMON@mx.example\r
To: b.1@bounces.example\r
Subject: Undelivered\r
MIME-Version: 1.0\r
Content-Type: multipart/report; report-type=delivery-status; boundary="=_b"\r
\r
"""
TEXT = b"--=_b\r\nContent-Type: text/plain; charset=no-such-charset\r\n\r\nSorry \xe9\xff.\r\n"
STATUS = b"""\
--=_b\r
Content-Type: message/delivery-status\r
\r
Reporting-MTA: dns; mx.example\r
Original-Envelope-Id: b.01.1.ff\r
\r
Final-Recipient: rfc822; jo@harbourlane.example\r
Action: failed\r
Status: 5.1.1 (no such user)\r
Diagnostic-Code: smtp; 550 5.1.1 <jo@harbourlane.example>: unknown\r
"""
RETURNED = b"""\
--=_b\r
Content-Type: message/rfc822\r
\r
From: a@b.example\r
Subject: A call for you\r
\r
text\r
"""
END = b"--=_b--\r\n"
WHOLE = HEAD + TEXT + STATUS + RETURNED + END


def test_a_report_says_what_was_done_and_about_which_mail() -> None:
    """Postfix, Exim and the large providers all write it so."""
    assert read_report(WHOLE) == Report(Action.FAILED, "5.1.1", "b.01.1.ff")


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        (b"failed", b"Delayed", Report(Action.DELAYED, "5.1.1", "b.01.1.ff")),
        (b"failed", b"delivered (to mailbox)", Report(Action.DELIVERED, "5.1.1", "b.01.1.ff")),
        (b"Status: 5.1.1 (no such user)\r\n", b"", Report(Action.FAILED, "5.1.1", "b.01.1.ff")),
        (b"5.1.1", b"nonsense", Report(Action.FAILED, "", "b.01.1.ff")),
        (b"b.01.1.ff", b"b+2E01.1.ff", Report(Action.FAILED, "5.1.1", "b.01.1.ff")),
        (b"Original-Envelope-Id: b.01.1.ff\r\n", b"", Report(Action.FAILED, "5.1.1", "")),
        (b"\r\n", b"\n", Report(Action.FAILED, "5.1.1", "b.01.1.ff")),
        (b"multipart/report", b"multipart/mixed", Report(Action.FAILED, "5.1.1", "b.01.1.ff")),
    ],
)
def test_what_servers_write_otherwise_is_understood(old: bytes, new: bytes, wanted: Report) -> None:
    """Few follow the letter."""
    assert read_report(WHOLE.replace(old, new)) == wanted


def test_the_gravest_word_of_several_recipients_counts() -> None:
    """The mailbox forwards to two others, and one is dead."""
    other = (
        b"\r\nFinal-Recipient: rfc822; pat@example.com\r\nAction: delivered\r\nStatus: 2.0.0\r\n"
    )

    assert read_report(HEAD + STATUS + other + END) == Report(Action.FAILED, "5.1.1", "b.01.1.ff")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\r\n\r\n",
        b"Subject: Out of office\r\nAuto-Submitted: auto-replied\r\n\r\nBack on Monday.\r\n",
        HEAD,
        HEAD + TEXT + END,
        WHOLE.replace(b"failed", b"pondered"),
        WHOLE.replace(b"failed", b""),
        WHOLE.replace(b"Action: failed\r\n", b""),
        HEAD + RETURNED.replace(b"text\r\n", b"") + WHOLE.replace(b"=_b", b"=_c") + END,
        b"Content-Type: message/delivery-status\r\n\r\n",
        b"Content-Type: multipart/report; boundary=\r\n\r\n--\r\n",
        b"Content-Type: multipart/report; boundary=a\r\n\r\n" * 3_000,
        b"".join(
            b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n)
            for n in range(2_000)
        ),
        b"\xff\xfe\x00" * 1_000,
    ],
)
def test_what_is_no_report_is_none_and_no_error(raw: bytes) -> None:
    """Anybody may write to the address, and nothing that comes may stop the door."""
    assert read_report(raw) is None


def test_a_huge_mail_is_read_no_further_than_a_report_goes() -> None:
    """Some servers return the whole mail, with its scan."""
    huge = HEAD + TEXT + STATUS + RETURNED + b"x" * 3_000_000 + END

    assert read_report(huge) == Report(Action.FAILED, "5.1.1", "b.01.1.ff")


@pytest.mark.timeout(10)
@pytest.mark.parametrize(
    "raw",
    [
        b'Content-Type: multipart/mixed; a="' + b";\r\n " * 60_000,
        b"".join(
            b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(300)
        )
        + b"\n" * 250_000,
    ],
)
def test_a_mail_made_to_take_minutes_is_read_in_a_moment(raw: bytes) -> None:
    """The standard library reads either for half a minute or more, and the door with it."""
    assert read_report(raw) is None
    assert read_report(HEAD + STATUS + b"--=_b\r\n" + raw) == read_report(WHOLE)


@given(st.binary(max_size=400), st.integers(0, len(WHOLE)))
def test_no_mail_whatever_raises(rubbish: bytes, place: int) -> None:
    """Part of it is a report, part of it is anything."""
    read_report(WHOLE[:place] + rubbish + WHOLE[place:])
    read_report(rubbish + WHOLE[place:])
