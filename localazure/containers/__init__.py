"""The container runtime of the embedded Azure: images, replicas, revisions, ingress, scaling.

Plain values in, processes out. Knows nothing of ARM, Pulumi or gRPC, and nothing of the service it runs.
What isolates a real container and a process does not have here: file system, user, memory and CPU limits.
"""
