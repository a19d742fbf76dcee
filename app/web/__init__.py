"""HTTP: parse, call the domain, render."""
