"""Providers: each sends once, never retries, and never sees the store."""
