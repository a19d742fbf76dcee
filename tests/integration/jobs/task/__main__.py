"""What the jobs of these tests run: says who it is, then does what its arguments say."""

import json
import os
import sys
import threading
from pathlib import Path

print(json.dumps(dict(os.environ)))
match sys.argv[1:]:
    case ["exit", code]:
        sys.exit(int(code))
    case ["wait", path]:
        Path(path).touch()
        threading.Event().wait()
    case ["second", path]:
        if not Path(path).exists():
            Path(path).touch()
            sys.exit("the first time is too early")
    case _:
        pass
