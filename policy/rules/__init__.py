"""The rules, one file per area of Azure."""
