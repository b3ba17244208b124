"""Rows of results and everything written from them."""
