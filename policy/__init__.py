"""The policy pack: what must hold of everything that the program declares, whoever writes the program.

A rule is a pure function with a passing and a violating example. The same rules judge the golden tapes in unit tests,
every local run of the engine (`pack`), and a run with the official installation (`PulumiPolicy.yaml`).
"""
