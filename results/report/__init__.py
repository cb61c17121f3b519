"""A run on a page: what it logged, and what its network does."""
