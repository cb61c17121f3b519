"""How good what a network expects and writes is."""
