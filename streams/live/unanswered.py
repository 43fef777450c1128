"""Why a request had no answer, in words for whoever must mend it: a certificate, a name, a port, or patience. Pure."""

import os
import socket
from datetime import timedelta

import aiohttp


def why_unanswered(error: Exception, within: timedelta) -> str:
    """Return what stands after "not delivered, " or in brackets after "does not answer", without address or secret.

    ``error``: what aiohttp raised in place of an answer; ``within``: how long an answer was waited for.
    """
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        said = getattr(error.certificate_error, "verify_message", "")
        return "its certificate is not trusted" + (f": {said}" if said else "")
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        is_asked_in_vain = error.os_error.errno == socket.EAI_AGAIN
        return "its name is not found" + (": no name server answers" if is_asked_in_vain else "")
    if isinstance(error, aiohttp.ClientSSLError):
        return "its port speaks no TLS that we take"
    if isinstance(error, TimeoutError):
        return f"no answer within {within.total_seconds():g} s"
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return "it ends the connection without an answer"
    return _of_the_system(error)


def _of_the_system(error: Exception) -> str:
    """Return what the operating system says, as ``connection refused``."""
    number = error.errno if isinstance(error, OSError) else None
    return os.strerror(number).lower() if number else "it does not answer"
