import os
import sys

from angzarr_domain.cli import main

try:
    try:
        status = main()
    finally:
        if sys.stdout:  # a program may be started without one
            sys.stdout.flush()
except BrokenPipeError:
    # Whoever read the output has seen enough, as `head` does. What is left in the buffer goes nowhere, for Python would
    # complain of it at its end.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    status = 141  # as a shell says of a program that SIGPIPE ended
raise SystemExit(status)
