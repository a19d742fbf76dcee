"""The jobs: what runs to its end."""
