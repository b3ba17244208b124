"""Evidence that joins the views of a rig: points, mattes, boards. One module per kind and one line in registry.py."""
