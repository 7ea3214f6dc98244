"""What is known of customers, and how it changes."""
