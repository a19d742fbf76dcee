"""The API's resources: parse, call the domain, render. One file each, listed in `catalog.py`."""
