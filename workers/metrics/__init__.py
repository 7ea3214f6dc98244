"""Figures for Prometheus, of every process; the store's own figures come from upkeep's leader."""
