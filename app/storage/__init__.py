"""The product's ports on PostgreSQL."""
