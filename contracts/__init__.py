"""What crosses Onward's borders: events in, outcomes out, customers' rules, and their words."""
