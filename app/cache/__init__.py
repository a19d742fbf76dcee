"""Answers kept near: in the process, then in Redis."""
