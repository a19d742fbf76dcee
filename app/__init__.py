"""The deployed service: one image, one role per process.

Imports nothing, so that the infrastructure program reads `app.contract` without the service's dependencies.
"""
