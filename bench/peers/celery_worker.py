"""The Celery worker as its guide wants it for jobs that must not be lost, run by ``celery worker``.

A job is acknowledged when its task is done (``acks_late``), and returned when its process dies
(``reject_on_worker_lost``); it is tried again on any exception, with backoff. In its favour, and
not by default: the broker confirms what is published.
"""

import os

from celery import Celery

from bench.peers.sending import Job, send

app = Celery("peer", broker=os.environ["PEER_BROKER_URL"])
app.conf.update(
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_ignore_result=True,
    worker_prefetch_multiplier=1,
    broker_connection_retry_on_startup=True,
    broker_transport_options={"confirm_publish": True},
)


@app.task(autoretry_for=(Exception,), retry_backoff=1, retry_backoff_max=10, max_retries=20)
def deliver(job: Job) -> None:
    """Send one job."""
    send(job)


def enqueue(job: Job) -> None:
    """Hand one job in; raises where the broker does not confirm it."""
    deliver.delay(job)
