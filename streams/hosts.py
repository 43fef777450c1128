"""Whether a host can be looked up at all: where it cannot, Python's resolver raises UnicodeError, not what it does for a name unknown."""


def is_host(host: str) -> bool:
    """Return whether a resolver can be asked for it: no part of it is empty, or longer than 63 signs. A dot at the end is none too many."""
    try:
        host.encode("idna")
    except UnicodeError:
        return False
    return bool(host) and host.isprintable()
