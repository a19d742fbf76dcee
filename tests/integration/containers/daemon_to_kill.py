"""A daemon for the test that kills it: starts one revision, prints its address and waits for its end."""

import asyncio
import sys
from pathlib import Path

from containers_harness import container, revision_spec

from localazure.containers.images import ImageStore
from localazure.containers.revision import Revision
from localazure.containers.spec import Digest


async def main(images: str, layers: str, logs: str, digest: str) -> None:
    store = ImageStore(Path(images), layers=Path(layers))
    revision = Revision(revision_spec(container(Digest(digest))), store=store, logs=Path(logs))
    await revision.start(timeout_seconds=20)
    print(revision.ready[0], flush=True)
    await asyncio.Event().wait()


asyncio.run(main(*sys.argv[1:]))
