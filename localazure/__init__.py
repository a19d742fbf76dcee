"""An embedded Azure: it attaches to the Pulumi engine, keeps ARM state and runs what is declared as local processes.

For laptops and tests. It is deletable: nothing but `ops/`, `tests/` and the Makefile may mention it. What it does not
imitate is written in NONGOALS.md; a type that it does not know fails as NotSimulated, never as a silent success.
"""
