"""The engine's protocol for policy packs, out of the installed SDK.

Only the generated modules are loaded, as a package of another name: `import pulumi` takes longer than all that a pack
does in a run, and every run starts a pack.
"""

import importlib
import importlib.util
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc, plugin_pb2
else:
    _NAME: Final = "pulumi_protocol"
    _FOLDER: Final = Path(sysconfig.get_path("purelib"), "pulumi", "runtime", "proto")
    _SPEC = importlib.util.spec_from_file_location(
        _NAME, _FOLDER / "__init__.py", submodule_search_locations=[str(_FOLDER)]
    )
    sys.modules[_NAME] = importlib.util.module_from_spec(_SPEC)  # not executed: it would load every protocol
    analyzer_pb2 = importlib.import_module(f"{_NAME}.analyzer_pb2")
    analyzer_pb2_grpc = importlib.import_module(f"{_NAME}.analyzer_pb2_grpc")
    plugin_pb2 = importlib.import_module(f"{_NAME}.plugin_pb2")

__all__ = ["analyzer_pb2", "analyzer_pb2_grpc", "plugin_pb2"]
