"""Whether it is worth asking something that may be down."""
