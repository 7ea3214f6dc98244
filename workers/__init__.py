"""Everything of Onward that runs."""
