"""Where events come in: the AMQP consumer, the HTTP door, and what both do with an event."""
