"""One reader per dataset format; each turns its own convention into ours at the door."""
