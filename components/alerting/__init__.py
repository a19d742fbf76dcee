"""Alerts: rules as tables, and what turns them into resources."""
