"""A user's mistake, and the exit codes that a supervisor understands."""

from typing import Final

OK: Final = 0
CHECK_FAILED: Final = 1
"""The thing checked does not hold."""
USER_MISTAKE: Final = 2
"""What was asked for cannot be: never restarted."""
INPUT_UNREADABLE: Final = 3
"""Too much unreadable input, offset kept: never restarted."""
UNEXPECTED: Final = 70
"""A bug or an outage: a supervisor restarts it."""

INTERRUPTED: Final = 130
"""Ctrl-C, as shells have it."""


class UserError(Exception):
    """Something the user can mend. The message is one plain line: what, where, what to do."""


class BrokerAway(UserError):
    """No broker answered for as long as was waited: a mistyped address to who typed a command, an outage to what runs for months."""
