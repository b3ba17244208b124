"""The one place where readers, renderers and metrics meet."""
