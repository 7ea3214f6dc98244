"""Upkeep: what must happen without anybody asking, done by one leader at a time."""
