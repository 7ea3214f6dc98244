"""The truth: events, deliveries, customers and the ledger, in PostgreSQL or SQLite."""
