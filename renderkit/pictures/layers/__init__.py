"""What a picture of a view can show, one layer each."""
