"""What the embedded Azure knows of each service, one file per resource provider."""
