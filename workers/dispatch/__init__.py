"""Sending: claim, send, record, a batch at a time."""
