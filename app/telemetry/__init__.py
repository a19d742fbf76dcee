"""What the service tells of itself: spans of sampled requests, and numbers of all of them.

Whoever traces or counts needs the standard library alone; the SDK is imported by `insights.py`, in a thread of its own.
"""
