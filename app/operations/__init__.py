"""The kinds of long operations: one file per kind, listed in a catalog."""
