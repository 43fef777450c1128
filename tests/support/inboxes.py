"""What Alertmanager talks to, small: Slack's address and a webhook (HTTP), and a mail server. They keep what came."""

import asyncio
import json
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, Self

from aiohttp import web


class Inboxes:
    """Use as an async context manager; ``slack``, ``hooks`` and ``mails`` hold what came, in order."""

    def __init__(self) -> None:
        self.slack: list[dict[str, Any]] = []
        self.hooks: list[dict[str, Any]] = []
        self.mails: list[EmailMessage] = []
        self.url = self.smarthost = ""
        self._runner: web.AppRunner | None = None
        self._mail: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post("/slack", self._took(self.slack))
        app.router.add_post("/hook", self._took(self.hooks))
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        self._mail = await asyncio.start_server(self._talk, "127.0.0.1", 0)
        self.smarthost = f"127.0.0.1:{self._mail.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._runner is not None and self._mail is not None:
            await self._runner.cleanup()
            self._mail.close()

    def _took(self, into: list[dict[str, Any]]) -> Any:
        async def take(request: web.Request) -> web.Response:
            into.append(json.loads(await request.text()))
            return web.Response(text="ok")

        return take

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Speak as much SMTP as it takes to be handed a mail."""
        writer.write(b"220 test\r\n")
        while line := await reader.readline():
            word = line[:4].upper()
            if word == b"DATA":
                writer.write(b"354 go on\r\n")
                raw = (await reader.readuntil(b"\r\n.\r\n")).removesuffix(b".\r\n").replace(b"\r\n..", b"\r\n.")
                mail = message_from_bytes(raw, policy=policy.default)
                assert isinstance(mail, EmailMessage)
                self.mails.append(mail)
            writer.write({b"EHLO": b"250 test\r\n", b"QUIT": b"221 bye\r\n"}.get(word, b"250 ok\r\n"))
            if word == b"QUIT":
                break
        writer.close()
