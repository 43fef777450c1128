"""Whom this worker tells of pile-ons: a digest that workers can be compared by, and a line for its log. Pure.

A partition's pile-ons are told by the worker that has it, to whom *its* settings name. Where two workers name different
ones, some receive a part of all, and nothing fails: only the digests show it.
"""

from msgspec import Struct
from msgspec.json import encode
from msgspec.structs import replace

from streams.alert_settings import Webhook
from streams.live.alertmanager import host_of
from streams.pseudonyms import pseudonym
from streams.settings import Settings


def digest(settings: Settings, key: bytes) -> str:
    """Return 16 characters that are the same for two workers whose settings of whom to tell, of what and how are the same.

    Of ``alert``, ``alertmanager.urls``, ``webhooks`` (their secrets apart: two may be in use while one is changed) and ``mutes`` (why
    somebody is muted apart). The order of entries does not matter. Made under the installation ``key``: an address may hold a password.
    """
    urls = sorted({url.rstrip("/") for url in settings.alertmanager.urls})
    mutes = sorted({_said(replace(mute, reason="-")) for mute in settings.mutes})
    return pseudonym(key, "telling", _said(settings.alert), *urls, "webhooks", *sorted(map(_receiver, settings.webhooks)), "mutes", *mutes)


def line(settings: Settings) -> str:
    """Return whom this worker tells, without what is secret in an address: hosts of Alertmanagers, names and wishes of webhooks.

    Where there is nobody, ``receivers.told_to_nobody`` says so.
    """
    managers = [f"Alertmanager {host_of(url)}" for url in settings.alertmanager.urls]
    told = managers + [f"webhook {webhook.name} ({_wants(webhook)})" for webhook in settings.webhooks]
    return f"pile-ons are told to {', '.join(told)}"


def _receiver(webhook: Webhook) -> str:
    severities, communities = (tuple(sorted(set(names))) for names in (webhook.severities, webhook.communities))
    return _said(replace(webhook, secrets=(), severities=severities, communities=communities))


def _wants(webhook: Webhook) -> str:
    return f"{' and '.join(webhook.severities)}, of {' and '.join(webhook.communities) or 'all sites'}"


def _said(section: Struct) -> str:
    return encode(section).decode()
