"""Signing in at an OpenID Connect provider: authorisation code flow with PKCE. Authlib does the protocol; who gets in is ours to say."""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Mapping
from typing import TYPE_CHECKING, Any, Final, TypeVar

import msgspec
from msgspec import Struct

from streams.console_settings import Oidc, is_safe
from streams.errors import UserError

if TYPE_CHECKING:
    from joserfc.jwk import KeySet

SCOPE: Final = "openid profile email"
BACK: Final = "/login/back"
"""Where the provider sends a browser back to."""
_ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
"""Signatures with the provider's own key: none that anybody could make with what a client knows."""
_LEEWAY: Final = 60
_WITHIN: Final = 10.0
_ALL_WITHIN: Final = 20.0
"""Seconds for all that a sign-in asks: who answers a byte at a time keeps nobody for ever."""
_KNOWN_FOR: Final = 3600.0
_MAX_NAME: Final = 200
_MAX_SUBJECT: Final = 255
"""Signs, as OpenID Connect bounds it."""


Answer = TypeVar("Answer")


class NotSignedInError(Exception):
    """Nobody was signed in; the words say why, and hold nothing secret."""


class AwayError(NotSignedInError):
    """The provider does not answer, or not as one does: it may later."""


class Pending(Struct, frozen=True):
    """What a browser keeps while it is at the provider; it is signed."""

    state: str
    nonce: str
    verifier: str
    issued: int
    to: str = "/"
    """The page of ours that somebody wanted."""


class Named(Struct, frozen=True):
    """Whom the provider names."""

    name: str
    subject: str
    """What it calls them for ever."""
    groups: tuple[str, ...] = ()


class _Provider(Struct, frozen=True):
    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str


class Client:
    """What a console knows of its provider."""

    def __init__(self, settings: Oidc) -> None:
        """UserError where the packages are missing."""
        try:
            from authlib.integrations.httpx_client import AsyncOAuth2Client
        except ImportError as error:
            raise UserError("console.oidc needs packages that are not here: pip install 'threadwatch[oidc]'") from error
        self._settings, self._client = settings, AsyncOAuth2Client
        self._redirect = settings.url.rstrip("/") + BACK
        self._provider: _Provider | None = None
        self._asked = 0.0

    async def begin(self, now: float, to: str = "/", *, is_anew: bool = False) -> tuple[str, Pending]:
        """Return where a browser goes to sign in, and what it keeps meanwhile. ``is_anew``: the provider shall ask as whom."""
        pending = Pending(secrets.token_urlsafe(32), secrets.token_urlsafe(32), secrets.token_urlsafe(48), int(now), to)
        given = {"prompt": "select_account"} if is_anew else {}
        provider = await _in_time(self._known())
        async with self._session() as session:
            address, _ = session.create_authorization_url(
                provider.authorization_endpoint, state=pending.state, code_verifier=pending.verifier, nonce=pending.nonce, **given
            )
        return str(address), pending

    async def finish(self, pending: Pending, query: Mapping[str, str]) -> Named:
        """Return whom the provider names, once everything that it says is as it must be."""
        if not secrets.compare_digest(query.get("state", "").encode(), pending.state.encode()):
            raise NotSignedInError("it answers another sign-in than the one that began here")
        if "error" in query:
            raise NotSignedInError(f"the provider says: {query['error'][:100]}")
        if not query.get("code"):
            raise NotSignedInError("the provider gave no code")
        return self._named(await _in_time(self._claims(pending, query["code"])))

    async def _claims(self, pending: Pending, code: str) -> Mapping[str, Any]:
        from authlib.common.errors import AuthlibBaseError
        from authlib.oidc.core import CodeIDToken
        from httpx2 import HTTPError
        from joserfc import jwt
        from joserfc.errors import JoseError

        provider = await self._known()
        try:
            async with self._session() as session:
                token = await session.fetch_token(provider.token_endpoint, code=code, code_verifier=pending.verifier)
            keys = _keys(await self._got(provider.jwks_uri))
            found = jwt.decode(token.get("id_token") or "", keys, algorithms=_ALGORITHMS)
            options = {
                "iss": {"essential": True, "values": [provider.issuer]},
                "aud": {"essential": True, "value": self._settings.client_id},
            }
            params = {"nonce": pending.nonce, "client_id": self._settings.client_id, "access_token": token.get("access_token")}
            claims = CodeIDToken(found.claims, found.header, options, params)
            claims.validate(leeway=_LEEWAY)
        except HTTPError as error:
            raise AwayError("the provider does not answer") from error
        except (AuthlibBaseError, JoseError, ValueError, TypeError, KeyError) as error:
            raise NotSignedInError(f"what the provider answers does not hold ({getattr(error, 'error', type(error).__name__)})") from error
        return dict(claims)

    def _named(self, claims: Mapping[str, Any]) -> Named:
        wanted, groups = self._settings.claim, claims.get(self._settings.groups)
        name = claims.get(wanted)
        if not isinstance(name, str) or not name.isprintable() or not 0 < len(name) <= _MAX_NAME:
            raise NotSignedInError(f"the provider names nobody in {wanted} (console.oidc.claim)")
        if wanted == "email" and claims.get("email_verified") is not True:
            raise NotSignedInError("the provider has not verified this e-mail address")
        groups = [groups] if isinstance(groups, str) else groups if isinstance(groups, list) else []
        return Named(name, str(claims["sub"])[:_MAX_SUBJECT], tuple(each for each in groups if isinstance(each, str)))

    def _session(self) -> Any:
        secret = self._settings.client_secret or None
        return self._client(
            self._settings.client_id, secret, token_endpoint_auth_method="client_secret_basic" if secret else "none", scope=SCOPE,
            redirect_uri=self._redirect, code_challenge_method="S256", timeout=_WITHIN, follow_redirects=False, trust_env=False,
        )  # fmt: skip

    async def _known(self) -> _Provider:
        """Return what the provider says of itself; asked once an hour."""
        if self._provider is not None and time.monotonic() - self._asked < _KNOWN_FOR:
            return self._provider
        found = await self._got(f"{self._settings.issuer.rstrip('/')}/.well-known/openid-configuration")
        try:
            provider = msgspec.convert(found, _Provider)
        except msgspec.ValidationError as error:
            raise NotSignedInError(f"the provider does not say where to go ({error})") from error
        if provider.issuer != self._settings.issuer:
            raise NotSignedInError(
                f"the provider calls itself {provider.issuer[:200]!r}: console.oidc.issuer must be the same, to the letter"
            )
        if not all(map(is_safe, (provider.authorization_endpoint, provider.token_endpoint, provider.jwks_uri))):
            raise NotSignedInError("the provider names addresses that others could read or change on the way: https is wanted")
        self._provider, self._asked = provider, time.monotonic()
        return provider

    async def _got(self, url: str) -> Any:
        from httpx2 import AsyncClient, HTTPError

        try:
            async with AsyncClient(timeout=_WITHIN, trust_env=False) as session:
                answer = await session.get(url)
            answer.raise_for_status()
            return answer.json()
        except (HTTPError, ValueError) as error:
            raise AwayError("the provider does not answer, or not as one does") from error


async def _in_time(asking: Awaitable[Answer]) -> Answer:
    try:
        async with asyncio.timeout(_ALL_WITHIN):
            return await asking
    except TimeoutError as error:
        raise AwayError("the provider does not answer in time") from error


def _keys(published: Any) -> "KeySet":
    """Return the keys that can be read: a provider may have others beside, of kinds to come. NotSignedInError where there is none."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from joserfc.errors import JoseError
    from joserfc.jwk import JWKRegistry, KeySet

    found = []
    listed = published.get("keys") if isinstance(published, dict) else None
    for each in listed if isinstance(listed, list) else []:
        try:
            found.append(JWKRegistry.import_key(each))
        except (JoseError, UnsupportedAlgorithm, ValueError, TypeError, KeyError, AttributeError):
            continue
    if not found:
        raise NotSignedInError("the provider publishes no key that can be read")
    return KeySet(found)
