"""Front Door: the door, its sites, and the firewall before them."""
