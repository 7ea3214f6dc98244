"""Invoices, and payments that come again."""
