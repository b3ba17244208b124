"""What looks wrong, and why."""
