"""Answers while people speak: to callers of our numbers, and to who picks up a forwarded call."""
