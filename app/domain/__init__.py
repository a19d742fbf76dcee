"""The product's rules: standard library only, no HTTP, SQL or SDK."""
