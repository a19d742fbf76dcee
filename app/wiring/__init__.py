"""The composition root: settings to things that work, a file per role on common ground."""
