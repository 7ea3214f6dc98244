"""What is lost, and what is sent twice, when things break? ``python -m tests.faults`` shows it."""
