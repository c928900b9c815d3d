"""Which texts there are, what each says as it comes, and how a draft of one would look."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field

from markupsafe import Markup

from clinic.core import clock
from clinic.core.errors import NotFound
from clinic.core.i18n import LOCALES, force_locale
from clinic.core.i18n import gettext as _
from clinic.notifications import rendering
from clinic.notifications.models import Channel, TextForm
from clinic.notifications.placeholders import LETTERHEAD, Values
from clinic.notifications.registry import MessageKind, kind_of, kinds, letterhead
from clinic.notifications.rendering import Rendered
from clinic.notifications.texts.queries import Place
from clinic.notifications.texts.segments import Segments, count_segments
from clinic.notifications.texts.service import Draft, problems, tidy


@dataclass(frozen=True, kw_only=True)
class Preview:
    """How a text looks with sample values. ``wrong`` says, by field, why a draft cannot be shown."""

    rendered: Rendered | None = None
    segments: Segments | None = None
    wrong: dict[str, str] = field(default_factory=dict)

    @property
    def html(self) -> Markup:
        """A mail's rows, made by our templates: every value in them is escaped."""
        return Markup(self.rendered.html if self.rendered else "")  # noqa: S704


def editable_kinds() -> list[MessageKind]:
    """The kinds whose texts a clinic can write, in their order."""
    return [kind for kind in kinds() if kind.placeholders]


def forms_of(kind: MessageKind) -> tuple[TextForm, ...]:
    """The forms in which a kind goes out."""
    used = {rendering.form_of(channel) for channel in kind.channels}
    return tuple(form for form in TextForm if form in used)


def find_place(kind_name: str, form: str, locale: str) -> tuple[MessageKind, Place]:
    """A kind and which of its texts is meant. Raises NotFound."""
    kind = kind_of(kind_name)
    known = kind is not None and bool(kind.placeholders) and locale in LOCALES
    if kind is None or not known or form not in set(map(str, forms_of(kind))):
        raise NotFound(_("There is no such text."))
    return kind, Place(kind=kind.name, form=TextForm(form), locale=locale)


def starting_draft(kind: MessageKind, place: Place) -> Draft:
    """The standard text with placeholders where its values stand: what a clinic begins to change.

    The values of nobody are rendered and looked for in what comes out, the longest first.
    """
    with force_locale(place.locale):
        marked = {one.name: f"\ue000{one.name}\ue001" for one in LETTERHEAD}
        values = {**_sample(kind), **marked, "bare": True}
        said = rendering.standard(kind, place.form, values)
        found = {text: name for name, text in kind.fill(values).items() if text}
    ordered = sorted(found, key=len, reverse=True)
    anywhere = re.compile(r"(?<!\w)(?:" + "|".join(re.escape(text) for text in ordered) + r")(?!\w)")

    def unfilled(text: str) -> str:
        return anywhere.sub(lambda hit: f"{{{found[hit.group()]}}}", text)

    body = unfilled(said.text)
    if (
        "place" in kind.all_placeholders
    ):  # a sample is not online: the clinic in a line of its own is the place
        body = re.sub(r"(?m)^\{clinic\}$", "{place}", body)
    if place.form == TextForm.EMAIL:  # a button says what it does, its heading is not needed
        for name in (name for name, one in kind.all_placeholders.items() if one.button):
            body = re.sub(rf"(?m)^.*:\n(?=\{{{name}\}}$)", "", body)
    return tidy(place.form, Draft(body=body, subject=unfilled(said.subject)))


def preview(kind: MessageKind, place: Place, draft: Draft | None) -> Preview:
    """How a draft looks with sample values in its language; the standard text for None."""
    if draft is not None and (wrong := problems(kind, place.form, draft)):
        return Preview(wrong=wrong)
    with force_locale(place.locale):
        values = sample_values(kind)
        if draft is None:
            rendered = rendering.standard(kind, place.form, values, on_page=True)
        else:
            rendered = rendering.own(kind, place.form, draft.subject, draft.body, values, on_page=True)
    segments = count_segments(rendered.text) if place.form == TextForm.SMS else None
    return Preview(rendered=rendered, segments=segments)


def sample_values(kind: MessageKind) -> Values:
    """Values of nobody, with the clinic's own letterhead, in the language in use."""
    return {**asdict(letterhead(None)), **_sample(kind)}


def samples(kind: MessageKind, locale: str) -> dict[str, str]:
    """What each placeholder stands for in the preview, by name."""
    with force_locale(locale):
        return kind.fill(sample_values(kind))


def _sample(kind: MessageKind) -> Values:
    return {
        "zone": clock.HOME_ZONE,
        "secret": None,
        **kind.sample(),
        "link": rendering.public_link,
        "preferences_link": rendering.preferences_link(kind) if Channel.SMS in kind.channels else "",
    }
