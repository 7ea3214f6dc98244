"""What is set rather than decided in code: settings, policies, the broker's topology, logs."""
