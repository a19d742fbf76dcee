"""Encryption of sensitive values: a key per person, wrapped by a key of the vault."""
