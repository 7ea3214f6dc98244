"""What each kind of event changes on record, and what then follows for others."""
