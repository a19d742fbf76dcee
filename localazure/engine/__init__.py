"""The face towards the Pulumi engine: resource providers and the language host, over gRPC."""
