"""What would others do under the same faults? Two workers, written as their guides teach."""
