"""What people and doors read: frozen read models, which change nothing."""
