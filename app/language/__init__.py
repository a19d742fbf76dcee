"""Language models of providers, and what keeps their trouble from becoming ours."""
