"""What a clinic's own texts about signing in may name, and values of nobody to show them with."""

from __future__ import annotations

from functools import partial
from typing import Any

from clinic.core.i18n import gettext as _
from clinic.core.i18n import lazy as _l
from clinic.notifications.placeholders import Placeholder, Values

_NAME = Placeholder(name="name", label=_l("Name"))


def _code_sample() -> Values:
    return {"secret": "482915", "purpose": "sign_in"}


CODE: dict[str, Any] = {
    "placeholders": (
        Placeholder(name="code", label=_l("Code"), value=lambda values: values["secret"], required=True),
    ),
    "sample": _code_sample,
    "own_text_when": lambda values: values["purpose"] == "sign_in",
    "own_text_note": _l("Codes for anything else than signing in keep the standard text."),
}
"""For kinds that carry a code of six digits."""


def link_to(endpoint: str, button: Any) -> dict[str, Any]:
    """For kinds that carry a link with a token, to this page; ``button`` is what a mail's button says."""
    link = Placeholder(
        name="link",
        label=_l("Link"),
        value=partial(_link, endpoint),
        button=button,
        required=True,
    )
    return {"placeholders": (_NAME, link), "sample": _link_sample}


def _link(endpoint: str, values: Values) -> str:
    return str(values["link"](endpoint, token=values["secret"]))


def _link_sample() -> Values:
    return {"name": _("Meera Nair"), "secret": "Qk3vTz8LwYp2RmX9HcJd5A"}
