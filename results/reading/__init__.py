"""Readings of ink by trained networks, and their error rates."""
