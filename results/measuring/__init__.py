"""Measures of trained networks: likelihood, legibility, variety."""
