"""What the process says to the shell when it leaves."""

EXIT_PASS = 0
EXIT_GATE_FAILED = 1
EXIT_BAD_INPUT = 2
EXIT_NO_RENDERER = 3
EXIT_INTERRUPTED = 130
"""As shells say it: 128 plus the number of SIGINT."""

EXIT_BROKEN_PIPE = 141
"""Likewise for SIGPIPE: whoever reads the output has gone. Neither a pass nor a failed gate."""

EXIT_TERMINATED = 143
"""Likewise for SIGTERM."""
