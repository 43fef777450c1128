"""What Alertmanager has of a case, and silences in it: API v2, asked when somebody looks, and kept nowhere."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import aiohttp
import msgspec
from msgspec import Meta, Struct, field

from streams.errors import UserError
from streams.live.alertmanager import host_of, stamp

_WITHIN: Final = aiohttp.ClientTimeout(total=3)
_MAX_ANSWER: Final = 4 * 1024 * 1024
_MOST: Final = 20
TRIES: Final = 3
"""How often an Alertmanager that does not answer is asked for a silence, before whoever asked is told."""
_BETWEEN: Final = 0.7


class Matcher(Struct, frozen=True, kw_only=True, rename="camel"):
    """Which alerts a silence is for: those with this value at this label."""

    name: str
    value: str
    is_regex: bool = False
    is_equal: bool = True


class Silence(Struct, frozen=True, kw_only=True, rename="camel"):
    """A silence as Alertmanager has it."""

    id: str
    matchers: list[Matcher] = []
    created_by: str = ""
    comment: str = ""
    starts_at: Annotated[datetime, Meta(tz=True)]
    ends_at: Annotated[datetime, Meta(tz=True)]
    status: dict[str, str] = {}

    @property
    def is_over(self) -> bool:
        """Return whether it silences nothing any more."""
        return self.status.get("state") == "expired"


class _Status(Struct, rename="camel"):
    state: str = ""
    silenced_by: list[str] = []
    inhibited_by: list[str] = []


class _Alert(Struct):
    labels: dict[str, str]
    status: _Status = field(default_factory=_Status)


class Told(Struct, frozen=True):
    """What one Alertmanager says of a case."""

    where: str
    problem: str = ""
    """Why it says nothing; then the rest is not known."""
    alerts: int = 0
    """Alerts of the case that it holds: of each severity one."""
    silenced: int = 0
    inhibited: int = 0
    silences: Sequence[Silence] = ()

    @property
    def state(self) -> str:
        """Return ``unknown``, ``none``, ``silenced``, ``inhibited`` or ``told``."""
        if self.problem:
            return "unknown"
        if not self.alerts:
            return "none"
        if self.silenced == self.alerts:
            return "silenced"
        return "inhibited" if self.silenced + self.inhibited >= self.alerts else "told"


class AwayError(Exception):
    """It does not answer, or not as an Alertmanager does; the words say how."""


class UnheardError(AwayError):
    """Nobody listens there: it was not even asked."""


class UnsureError(AwayError):
    """It was asked and did not answer in time, or broke off: it may have done it."""


async def told(urls: Sequence[str], pileon_id: str) -> list[Told]:
    """Return what each says, in order; one that is away says so and delays none."""
    async with aiohttp.ClientSession(timeout=_WITHIN) as session:
        return await asyncio.gather(*(_told(session, url, pileon_id) for url in urls))


async def _told(session: aiohttp.ClientSession, url: str, pileon_id: str) -> Told:
    only = {"filter": f"pileon={msgspec.json.encode(pileon_id).decode()}"}
    try:
        alerts = await _asked(session, "GET", f"{url}/api/v2/alerts", list[_Alert], params=only)
        own = await _asked(session, "GET", f"{url}/api/v2/silences", list[Silence], params=only)
        known = {silence.id: silence for silence in own}
        for name in [name for alert in alerts for name in alert.status.silenced_by if name not in known][:_MOST]:
            known[name] = await _asked(session, "GET", f"{url}/api/v2/silence/{name}", Silence)
    except AwayError as error:
        return Told(host_of(url), str(error))
    return Told(
        host_of(url), "", len(alerts), sum(bool(alert.status.silenced_by) for alert in alerts),
        sum(bool(alert.status.inhibited_by) and not alert.status.silenced_by for alert in alerts),
        sorted((silence for silence in known.values() if not silence.is_over), key=lambda silence: silence.ends_at)[:_MOST],
    )  # fmt: skip


async def silence(urls: Sequence[str], matchers: Sequence[Matcher], until: datetime, by: str, comment: str) -> int:
    """Make one silence in every Alertmanager; return how many have it. NotSilencedError where none says so.

    In a cluster each hears of the first's, and gets no second one: who has it by then is not asked.
    """
    body = {
        "matchers": matchers, "startsAt": stamp(datetime.now(UTC)), "endsAt": stamp(until), "createdBy": by, "comment": comment,
    }  # fmt: skip
    async with aiohttp.ClientSession(timeout=_WITHIN) as session:
        made: list[str] = []
        away: list[tuple[str, AwayError]] = []
        for url in urls:
            try:
                if not await _has(session, url, made):
                    made.append(await _made(session, url, msgspec.to_builtins(body)))
            except AwayError as error:
                away.append((url, error))
    if len(away) == len(urls):
        raise NotSilencedError("; ".join(f"{host_of(url)} {error}" for url, error in away), any(_may_be(error) for _, error in away))
    return len(urls) - len(away)


def _may_be(error: AwayError) -> bool:
    return isinstance(error, UnsureError)


class NotSilencedError(UserError):
    """No Alertmanager says that it has the silence."""

    def __init__(self, why: str, may_be: bool) -> None:
        super().__init__(why)
        self.may_be = may_be
        """Whether one of them may have made it all the same."""


class _Made(Struct):
    silence_id: str = field(name="silenceID")


async def _made(session: aiohttp.ClientSession, url: str, body: Any) -> str:
    """Return the name of a silence that was made. Where nobody listens it is tried again; one that answered may have made it."""
    for tried in range(1, TRIES + 1):
        try:
            made: _Made = await _asked(session, "POST", f"{url}/api/v2/silences", _Made, json=body)
        except UnheardError:
            if tried == TRIES:
                raise UnheardError(f"does not answer, after {TRIES} tries") from None
            await asyncio.sleep(_BETWEEN)
        else:
            return made.silence_id
    raise AssertionError("it is told above")


async def _has(session: aiohttp.ClientSession, url: str, made: Sequence[str]) -> bool:
    """Return whether it heard of one that another of its cluster has, which takes a moment."""
    if not made:
        return False
    await asyncio.sleep(0.5)
    found = await _asked(session, "GET", f"{url}/api/v2/silences", list[Silence])
    return any(each.id in made for each in found)


async def end(urls: Sequence[str], silence_id: str) -> int:
    """End a silence wherever it is; return in how many it was. UserError where in none."""
    ended, problems = 0, []
    async with aiohttp.ClientSession(timeout=_WITHIN) as session:
        for url in urls:
            try:
                await _asked(session, "DELETE", f"{url}/api/v2/silence/{silence_id}", None)
                ended += 1
            except AwayError as error:
                problems.append(f"{host_of(url)} {error}")
    if not ended:
        raise UserError("; ".join(problems))
    return ended


async def _asked(session: aiohttp.ClientSession, method: str, url: str, kind: Any, **given: Any) -> Any:
    try:
        async with session.request(method, url, allow_redirects=False, **given) as answer:
            body = await _body(answer)
            if not 200 <= answer.status < 300:
                raise AwayError(f"answers {answer.status}: {body[:200].decode('utf-8', 'replace').strip()}")
    except aiohttp.ClientConnectorError as error:
        raise UnheardError("does not answer") from error
    except TimeoutError as error:
        raise UnsureError("does not answer in time") from error
    except (aiohttp.ClientError, OSError) as error:
        raise UnsureError("does not answer to the end") from error
    try:
        return None if kind is None else msgspec.json.decode(body, type=kind)
    except msgspec.MsgspecError as error:
        raise UnsureError("does not answer as an Alertmanager does") from error


async def _body(answer: aiohttp.ClientResponse) -> bytes:
    """Return what was answered, whole, but no more than fits."""
    found = bytearray()
    async for piece in answer.content.iter_any():
        found += piece
        if len(found) > _MAX_ANSWER:
            raise AwayError("answers more than can be shown")
    return bytes(found)
