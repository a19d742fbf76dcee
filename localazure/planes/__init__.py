"""The data planes of the embedded Azure: what official SDKs talk to on loopback.

Nothing here knows of ARM, of Pulumi or of processes. Each plane is given its keys, its stored state and its
decisions about access, and listens on 127.0.0.1 only.
"""
