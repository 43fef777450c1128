"""What is wrong with the receivers of webhooks that the settings name: seen before anybody has to be told."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from streams.alert_settings import Webhook, is_address
from streams.environment import PREFIX
from streams.errors import UserError
from streams.live.addresses import host_of, is_literal, is_public
from streams.settings import Settings
from streams.toml_lines import place


def check_webhooks(webhooks: Sequence[Webhook], file: Path | None = None) -> None:
    """Raise UserError for a receiver that could not be told anything: no secret, no address, one that is not public.

    ``file`` is where they were read from: the line names the receiver's place in it.
    """
    for number, webhook in enumerate(webhooks):
        for wrong in _mistakes(webhook):
            where = f"{place(file, ('webhooks', number))}: " if file else ""
            raise UserError(f"{where}webhooks, {webhook.name}: {wrong}")


def _mistakes(webhook: Webhook) -> Iterable[str]:
    variable = f"{PREFIX}WEBHOOKS__{webhook.name.upper().replace('-', '_')}__SECRETS"
    if not webhook.secrets:
        yield f"it has no secret; set {variable}, or `secrets` in the settings file"
    host = host_of(webhook.url)
    if not is_address(webhook.url) or not host:
        yield "its url is no address; write https://host/path"
    if not webhook.allow_private and not webhook.url.lower().startswith("https://"):
        yield "its url is not https; `allow_private` allows it for an inner network"
    if not webhook.allow_private and is_literal(host) and not is_public(host):
        yield "its url leads to an address that is not public; `allow_private` allows it"


def heard_of_nothing(settings: Settings) -> list[str]:
    """Return a line for each community or source that a receiver wants and that the settings do not know: it may be mistyped.

    No mistake: sources need not be in the settings. Where none is, nothing can be said.
    """
    known = {name: source.communities for name, source in settings.sources.items()}
    wanted = [(webhook.name, *name.partition("/")[::2]) for webhook in settings.webhooks for name in webhook.communities]
    return [line for name, source, community in wanted if known and (line := _unheard(name, source, community, known.get(source)))]


def told_to_nobody(settings: Settings) -> str:
    """Return a line where pile-ons are decided and nobody can be told of them, as far as the settings say; empty where somebody may."""
    if settings.alertmanager.urls or settings.webhooks:
        return ""
    return "NOBODY IS TOLD: neither alertmanager.urls nor webhooks is set; pile-ons are decided and only listed (docs/alerts.md)"


def _unheard(name: str, source: str, community: str, known: tuple[str, ...] | None) -> str:
    if known is None:
        return f"webhooks, {name}: communities names the source {source!r}, which [sources] does not have; is it spelled so?"
    if community and community not in known:
        return f"webhooks, {name}: communities names {community!r}, which is none of sources.{source}.communities; is it spelled so?"
    return ""
