"""Calendars by their standard (RFC 5545): the days of recurrence rules, files in and out."""
