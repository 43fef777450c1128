"""A small OpenID Connect provider that really runs: discovery, keys, codes that are good once, PKCE checked, tokens signed with its key."""

import base64
import hashlib
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Final
from urllib.parse import parse_qs, urlencode, urlsplit

import msgspec
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

CLIENT: Final = "threadwatch"
SECRET: Final = "what the provider and the console know"


@cache
def _key() -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})


class Provider:
    """Signs everybody in as ``who`` without asking; ``spoilt`` and ``key`` let a test make it lie."""

    def __init__(self, server: ThreadingHTTPServer, redirect: str) -> None:
        self.issuer = f"http://localhost:{server.server_port}"
        self.redirect = redirect
        self.who: dict[str, Any] = {"sub": "1", "preferred_username": "kim", "groups": ["everybody"]}
        self.spoilt: dict[str, Any] = {}
        self.elsewhere: dict[str, str] = {}
        self.key: RSAKey | OctKey = _key()
        self.published = self.key
        self.algorithm = "RS256"
        self.keys_beside: list[Any] = []
        self.failing = 0
        """With which status it answers whoever asks for a token; 0: as it should."""
        self.dripping = 0.0
        """Seconds between two bytes of that answer."""
        self.codes: dict[str, dict[str, str]] = {}

    def discovery(self) -> dict[str, Any]:
        """Return what it says of itself."""
        places = {name: f"{self.issuer}/{path}" for name, path in (
            ("authorization_endpoint", "authorize"), ("token_endpoint", "token"), ("jwks_uri", "keys"))}  # fmt: skip
        places |= self.elsewhere
        return {"issuer": self.issuer, "response_types_supported": ["code"], "code_challenge_methods_supported": ["S256"], **places}

    def authorized(self, query: dict[str, str]) -> str:
        """Return where a browser goes back to, with a code."""
        assert query["client_id"] == CLIENT and query["redirect_uri"] == self.redirect and query["response_type"] == "code"
        assert query["code_challenge_method"] == "S256" and "openid" in query["scope"].split()
        code = secrets.token_urlsafe(16)
        self.codes[code] = query
        return f"{self.redirect}?{urlencode({'code': code, 'state': query['state']})}"

    def token(self, fields: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        """Return tokens for a code that was not used before, to the client that has its verifier and the secret."""
        given = base64.b64decode(authorization.removeprefix("Basic ") or b"").decode()
        asked = self.codes.pop(fields.get("code", ""), None)
        digest = hashlib.sha256(fields.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        if given != f"{CLIENT}:{urlencode({'': SECRET})[1:]}" and given != f"{CLIENT}:{SECRET}":
            return 401, {"error": "invalid_client"}
        if asked is None or challenge != asked["code_challenge"] or fields.get("redirect_uri") != self.redirect:
            return 400, {"error": "invalid_grant"}
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 60, "nonce": asked.get("nonce")} | self.who | self.spoilt
        claims = {name: value for name, value in claims.items() if value is not None}
        signed = jwt.encode({"alg": self.algorithm, "kid": "one"}, claims, self.key, algorithms=[self.algorithm])
        return 200, {"access_token": secrets.token_urlsafe(8), "token_type": "Bearer", "expires_in": 60, "id_token": signed}


@contextmanager
def provider(redirect: str) -> Iterator[Provider]:
    """Run one, which sends browsers back to this address alone."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Answering) as server:
        made = _Answering.provider = Provider(server, redirect)
        Thread(target=server.serve_forever, daemon=True).start()
        yield made
        server.shutdown()


class _Answering(BaseHTTPRequestHandler):
    provider: Provider

    def do_GET(self) -> None:
        path, query = urlsplit(self.path).path, {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
        if path == "/.well-known/openid-configuration":
            self._answer(200, self.provider.discovery())
        elif path == "/keys":
            self._answer(200, {"keys": [*self.provider.keys_beside, self.provider.published.as_dict(private=False)]})
        else:
            self.send_response(302)
            self.send_header("location", self.provider.authorized(query))
            self.send_header("content-length", "0")
            self.end_headers()

    def do_POST(self) -> None:
        fields = parse_qs(self.rfile.read(int(self.headers["content-length"])).decode())
        status, body = self.provider.token({name: values[0] for name, values in fields.items()}, self.headers.get("authorization", ""))
        self._answer(self.provider.failing or status, body)

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        data = msgspec.json.encode(body)
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        for piece in (data,) if not self.provider.dripping or self.command == "GET" else (bytes([each]) for each in data):
            self.wfile.write(piece)
            time.sleep(self.provider.dripping)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""
