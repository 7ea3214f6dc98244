"""The textbook Dramatiq worker: an actor that sends, on RabbitMQ, run by ``dramatiq MODULE``.

As its guide has it: the default middleware, retries by exception, a job acknowledged when its actor
returns. In its favour, and not by default: the broker confirms what is enqueued
(``confirm_delivery``), and the first retry comes after one second rather than fifteen.
"""

import os

import dramatiq
from dramatiq.brokers.rabbitmq import RabbitmqBroker

from bench.peers.sending import Job, send

dramatiq.set_broker(RabbitmqBroker(url=os.environ["PEER_BROKER_URL"], confirm_delivery=True))


@dramatiq.actor(min_backoff=1_000, max_backoff=10_000)
def deliver(job: Job) -> None:
    """Send one job."""
    send(job)


def enqueue(job: Job) -> None:
    """Hand one job in; raises where the broker does not confirm it."""
    deliver.send(job)
