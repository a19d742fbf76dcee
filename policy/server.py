"""The pack as a process of the engine: prints its port and serves until the engine ends."""

import signal
import stat
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from os import fstat
from typing import Final

import grpc

from policy.analyzer import Analyzer
from policy.catalog import RULES
from policy.judge import Judge
from policy.protocol import analyzer_pb2_grpc
from policy.waivers import WaiverError, read_waivers

LARGEST_MESSAGE: Final = 400 << 20
"""Bytes; the limit of the engine itself (pulumi, sdk/go/common/util/rpcutil)."""


def serve() -> int:
    """Serve, and return the exit status."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)  # the engine's word for: end at once
    try:
        waivers = read_waivers({rule.id for rule in RULES})
    except WaiverError as error:
        print(f"policy/waivers.yaml: {error}", file=sys.stderr)
        return 1
    judge = Judge(rules=RULES, waivers=waivers, today=datetime.now(UTC).date())
    # one thread: what was seen of a run needs no lock
    server = grpc.server(
        ThreadPoolExecutor(1), options=[("grpc.max_receive_message_length", LARGEST_MESSAGE), ("grpc.so_reuseport", 0)]
    )
    analyzer_pb2_grpc.add_AnalyzerServicer_to_server(Analyzer(judge), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    _wait_for_end(server)
    return 0


def _wait_for_end(server: grpc.Server) -> None:
    """Wait for the engine to go: it holds the other end of our input, even if it is killed; a language host may not."""
    if stat.S_ISFIFO(fstat(0).st_mode):
        sys.stdin.buffer.read()
        server.stop(0)
    else:
        server.wait_for_termination()
