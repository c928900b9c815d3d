"""Notices on phones: one try to every browser of the people a message is for.

One browser that took it is enough: the message is sent. If none did, what is least sure decides: a try
without an answer before one that was not taken, and that before browsers that are gone. A notice carries its
message's name, so that a second one replaces the first on the screen. It is a message's title and no more:
whoever sees a locked phone reads neither whom it is about nor what for.
"""

from __future__ import annotations

import json
from typing import Any

import requests
from urllib3.exceptions import MaxRetryError, NewConnectionError

from clinic.config import Settings
from clinic.core.db import unit_of_work
from clinic.notifications import inbox, push
from clinic.notifications.push import Device
from clinic.notifications.transports.outcome import Accepted, NotTaken, Outcome, Outgoing, Refused, Unsure
from clinic.notifications.wording import Why

ANSWER_SECONDS = 10
STAYS_SECONDS = 12 * 3600
"""How long a push service keeps a notice for a phone that is off."""
LONGEST_TITLE = 100
GONE = (404, 410)


class _NoDetours(requests.Session):
    """Goes where it was told and nowhere else: an answer that leads on is no answer."""

    def request(self, *args: Any, **options: Any) -> requests.Response:
        options["allow_redirects"] = False
        return super().request(*args, **options)


def send_by_push(outgoing: Outgoing, settings: Settings) -> Outcome:
    """Write once to every live browser of these people. Browsers that are gone are retired."""
    if not push.is_on(settings):
        return Refused(Why.SET_UP_WRONGLY)
    with unit_of_work():
        devices = push.live_devices(inbox.user_ids(outgoing.address))
    outcomes = {device.id: _write_to(device, outgoing, settings) for device in devices}
    used = [key for key, outcome in outcomes.items() if isinstance(outcome, Accepted)]
    gone = [key for key, outcome in outcomes.items() if outcome == Refused(Why.NO_DEVICE)]
    if used or gone:
        with unit_of_work():
            push.note_used(used=used, gone=gone)
    return _together(list(outcomes.values()))


def _together(outcomes: list[Outcome]) -> Outcome:
    for sort in (Accepted, Unsure, NotTaken):
        found = next((outcome for outcome in outcomes if isinstance(outcome, sort)), None)
        if found is not None:
            return found
    return next(
        (outcome for outcome in outcomes if outcome != Refused(Why.NO_DEVICE)), Refused(Why.NO_DEVICE)
    )


def _write_to(device: Device, outgoing: Outgoing, settings: Settings) -> Outcome:  # noqa: PLR0911
    from pywebpush import WebPushException, webpush  # with aiohttp, which nothing else here needs

    if not push.is_known_host(device.endpoint, settings):
        return Refused(Why.NO_DEVICE)
    notice = {
        "title": outgoing.subject[:LONGEST_TITLE],
        "path": outgoing.link or "/portal",
        "tag": f"m{outgoing.message_id}",
    }
    try:
        with _NoDetours() as session:
            answer = webpush(
                {"endpoint": device.endpoint, "keys": {"p256dh": device.p256dh, "auth": device.auth}},
                data=json.dumps(notice, ensure_ascii=False),
                vapid_private_key=settings.vapid_private_key,
                vapid_claims={"sub": settings.vapid_subject},
                ttl=STAYS_SECONDS,
                timeout=ANSWER_SECONDS,
                requests_session=session,
            )
    except WebPushException as failure:
        if failure.response is None:
            return Refused(Why.NO_DEVICE)  # its keys are none
        return _answer(failure.response)
    except requests.exceptions.ReadTimeout:
        return Unsure(Why.NO_ANSWER)
    except requests.exceptions.RequestException as failure:
        return NotTaken(Why.PROVIDER_AWAY) if _never_connected(failure) else Unsure(Why.BROKE_OFF)
    except ValueError:
        return Refused(Why.NO_DEVICE)
    return Accepted(f"push-{outgoing.message_id}") if answer is not None else Unsure(Why.BROKE_OFF)


def _answer(response: requests.Response) -> Outcome:
    status = response.status_code
    if status in GONE:
        return Refused(Why.NO_DEVICE)
    if status == 429 or status >= 500:
        after = response.headers.get("Retry-After", "")
        seconds = float(after) if after.isascii() and after.isdigit() and len(after) < 6 else None
        return NotTaken(Why.PROVIDER_BUSY if status == 429 else Why.PROVIDER_FAILED, seconds)
    return Refused(Why.SET_UP_WRONGLY if status in (401, 403) else Why.REFUSED)


def _never_connected(failure: requests.exceptions.RequestException) -> bool:
    if isinstance(failure, (requests.exceptions.ConnectTimeout, requests.exceptions.SSLError)):
        return True
    cause = failure.args[0] if failure.args else None
    reason = cause.reason if isinstance(cause, MaxRetryError) else cause
    return isinstance(reason, NewConnectionError)
