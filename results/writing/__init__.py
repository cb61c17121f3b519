"""Writings of trained networks, and the styles that they are written in."""
