"""How is everything put together?

The only reader of settings, and the only place that knows whether this is one process over SQLite
or many over RabbitMQ and PostgreSQL. ``parts`` is what every process stands on; the others put the
parts of one kind of process together.
"""
