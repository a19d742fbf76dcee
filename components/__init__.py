"""One Azure building block per file.

The rules of this folder: a component takes typed arguments and never reads configuration; children are parented
to it and named after it; outputs are declared, assigned, then registered; access is a method of the thing
accessed; only `__main__.py` exports. `app.contract` is the one file of the service that may be imported here.
"""
