"""What a network writes, and in whose hand."""
