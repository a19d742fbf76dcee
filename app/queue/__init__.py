"""Messages: receive, parse, call the domain, settle."""
