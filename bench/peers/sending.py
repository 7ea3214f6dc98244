"""What do the peers send, and how? The same sends as Onward, with the libraries everybody takes.

A job is a dictionary: ``id``, ``channel`` (``sms`` or ``email``) and ``to``. The id rides along as
Onward's does, so that the provider's record can tell every job's sends.
"""

import os
import smtplib
from email.message import EmailMessage

import requests

from workers.sandbox import SANDBOX_ACCOUNT_SID, SANDBOX_AUTH_TOKEN

_TIMEOUT_SECONDS = 10
_TEXT = "She asked about the lease and would like to hear from you before noon."
_OFFICE = "onward@brindle-hart.example"

Job = dict[str, str]


def send(job: Job) -> None:
    """Send one job; raises what the library raises where it is not accepted."""
    if job["channel"] == "sms":
        _text(job)
    else:
        _mail(job)


def _text(job: Job) -> None:
    base = os.environ["PEER_API_URL"]
    answer = requests.post(
        f"{base}/2010-04-01/Accounts/{SANDBOX_ACCOUNT_SID}/Messages.json",
        data={
            "To": job["to"],
            "From": "+447700900100",
            "Body": _TEXT,
            "StatusCallback": f"{base}/nowhere?delivery={job['id']}&attempt=1",
        },
        auth=(SANDBOX_ACCOUNT_SID, SANDBOX_AUTH_TOKEN),
        timeout=_TIMEOUT_SECONDS,
    )
    answer.raise_for_status()


def _mail(job: Job) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"] = _OFFICE, job["to"]
    mail["Subject"] = "A message was taken for you"
    mail["Message-ID"] = f"<{job['id']}@brindle-hart.example>"
    mail.set_content(_TEXT)
    with smtplib.SMTP(
        "127.0.0.1", int(os.environ["PEER_SMTP_PORT"]), timeout=_TIMEOUT_SECONDS
    ) as s:
        s.send_message(mail)
