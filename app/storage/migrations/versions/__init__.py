"""One file per revision, numbered; each says how to go back."""
