"""The virtual network, its address plan, and the private way to data services."""
