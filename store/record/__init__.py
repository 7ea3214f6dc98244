"""The record: entries, their seals, and what proves both to somebody outside."""
