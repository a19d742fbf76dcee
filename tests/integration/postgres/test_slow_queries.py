"""What `make bench` counts as a slow query, on a real server that has one."""

from pathlib import Path

from localazure.postgres.binaries import find_binaries
from localazure.postgres.cluster import Cluster
from localazure.postgres.connection import connect
from tests.bench.slow_queries import slow_queries


async def test_a_statement_over_the_bound_is_counted_and_only_while_the_block_runs(tmp_path: Path) -> None:
    cluster = Cluster(find_binaries(17), tmp_path / "server")
    await cluster.start()
    connection = await connect(cluster.sockets)

    await connection.execute("SELECT pg_sleep(0.06)")
    async with slow_queries(tmp_path / "server", over_ms=50) as slow:
        await connection.execute("SELECT 1")
        await connection.execute("SELECT pg_sleep(0.06)")
        await connection.fetchval("SELECT\n pg_sleep($1)", 0.07)
    await connection.execute("SELECT pg_sleep(0.06)")

    await connection.close()
    await cluster.stop()
    assert [what.partition(": ")[2] for _, what in slow.found] == ["SELECT pg_sleep(0.06)", "SELECT"]
    assert [60 <= took < 1000 for took, _ in slow.found] == [True, True]
