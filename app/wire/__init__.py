"""What is said on the wire: the same documents to the API, to tools and in messages, by msgspec."""
