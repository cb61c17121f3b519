"""What a network reads, and how well."""
