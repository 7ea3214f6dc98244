"""What would a customer read? Written as it would be sent, and shown to an operator."""
