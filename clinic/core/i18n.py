"""Words, dates and numbers in the reader's language. Works with and without a web request."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal
from flask import Flask, g, has_request_context, request, session
from flask_babel import Babel, force_locale, get_locale, get_translations
from flask_babel import lazy_gettext as _lazy_gettext
from jinja2 import pass_eval_context
from jinja2.nodes import EvalContext
from markupsafe import Markup

from clinic.core import clock

LOCALES = {"en": "English", "hi": "हिन्दी"}
babel = Babel()


def gettext(text: str, **values: Any) -> str:
    """``text`` in the reader's language, with ``%(name)s`` filled in."""
    found = str(_catalogue().ugettext(text))
    return found % values if values else found


def ngettext(one: str, many: str, num: int, **values: Any) -> str:
    """``one`` or ``many`` in the reader's language, after ``num``."""
    return str(_catalogue().ungettext(one, many, num)) % {"num": num, **values}


_catalogues: dict[object, Any] = {}
"""By language. A page asks for a hundred texts, and finding the catalogue costs more than the text in it."""


def _catalogue() -> Any:
    locale = get_locale()
    key = (locale.language, locale.territory) if locale else None
    found = _catalogues.get(key)
    if found is None:
        found = _catalogues[key] = get_translations()
    return found


def lazy(text: str, **values: Any) -> Any:
    """``text`` translated only when it is shown: for labels made at import."""
    return _lazy_gettext(text, **values)


def chosen_locale() -> str:
    """The reader's language: the signed-in person's, else this browser's choice, else what it asks for."""
    if not has_request_context():
        return "en"
    actor = g.get("actor")
    for candidate in (session.get("locale"), actor.locale if actor else None):
        if candidate in LOCALES:
            return str(candidate)
    return request.accept_languages.best_match(list(LOCALES)) or "en"


def locale_tag() -> str:
    """The language now in use, ``en`` or ``hi``."""
    locale = get_locale()
    return locale.language if locale else "en"


def _babel_locale() -> str:
    return "hi_IN" if locale_tag() == "hi" else "en_IN"


def show_time(moment: datetime, zone_name: str) -> str:
    """``10:30`` on the clocks of the zone."""
    return moment.astimezone(clock.zone(zone_name)).strftime("%H:%M")


def show_time_12(moment: datetime, zone_name: str) -> str:
    """``10:30 am``, the way patients read it; in Hindi ``सुबह 10:30``."""
    if locale_tag() == "hi":
        return str(format_datetime(moment.astimezone(clock.zone(zone_name)), "B h:mm", locale="hi_IN"))
    return (
        format_datetime(moment.astimezone(clock.zone(zone_name)), "h:mm a", locale=_babel_locale())
        .replace("AM", "am")
        .replace("PM", "pm")
        .replace("\u202f", " ")
    )


def _month() -> str:
    """Hindi writes its months out: they are short, and their abbreviations are not in use."""
    return "MMMM" if locale_tag() == "hi" else "MMM"


def show_day(day: date | datetime, zone_name: str | None = None) -> str:
    """``Tue 24 Nov``."""
    return format_date(_as_date(day, zone_name), f"EEE d {_month()}", locale=_babel_locale())


def show_long_day(day: date | datetime, zone_name: str | None = None) -> str:
    """``Tuesday 24 November``."""
    return format_date(_as_date(day, zone_name), "EEEE d MMMM", locale=_babel_locale())


def show_date(day: date | datetime, zone_name: str | None = None) -> str:
    """``24 Nov 2026``."""
    return format_date(_as_date(day, zone_name), f"d {_month()} y", locale=_babel_locale())


def show_month(day: date) -> str:
    """``November 2026``."""
    return format_date(day, "LLLL y", locale=_babel_locale())


def show_weekday(day: date) -> str:
    """``Tue``."""
    return format_date(day, "EEE", locale=_babel_locale())


def show_moment(moment: datetime, zone_name: str) -> str:
    """``Tue 24 Nov, 10:30``."""
    return f"{show_day(moment, zone_name)}, {show_time(moment, zone_name)}"


def show_money(amount: Decimal | int, currency: str = "INR") -> str:
    """``₹1,25,000.50``; whole amounts without decimals."""
    value = Decimal(amount)
    pattern = "#,##,##0" if value == value.to_integral_value() else "#,##,##0.00"
    sign = "₹" if currency == "INR" else f"{currency} "
    return sign + format_decimal(value, pattern, locale="en_IN")


def _as_date(day: date | datetime, zone_name: str | None) -> date:
    if isinstance(day, datetime):
        if zone_name is None:
            raise ValueError("A moment has a date only in a zone.")
        return day.astimezone(clock.zone(zone_name)).date()
    return day


def init_i18n(app: Flask) -> None:
    """Set the language of each request and give templates the ways to show times, dates and money."""
    app.config.setdefault("BABEL_DEFAULT_LOCALE", "en")
    app.config.setdefault("BABEL_TRANSLATION_DIRECTORIES", str(_translations()))
    babel.init_app(app, locale_selector=chosen_locale)
    app.jinja_env.filters.update(
        time=show_time,
        time12=show_time_12,
        day=show_day,
        long_day=show_long_day,
        date=show_date,
        moment=show_moment,
        money=show_money,
    )
    app.jinja_env.globals.update(
        LOCALES=LOCALES, locale_tag=locale_tag, _=_translate, gettext=_translate, ngettext=_translate_plural
    )


@pass_eval_context
def _translate(context: EvalContext, text: str, /, **values: Any) -> str:
    """What templates call ``_``."""
    found = _catalogue().ugettext(text)
    return (Markup(found) if context.autoescape else found) % values  # noqa: S704 (texts are the catalogue's)


@pass_eval_context
def _translate_plural(context: EvalContext, one: str, many: str, num: int, /, **values: Any) -> str:
    found = _catalogue().ungettext(one, many, num)
    values.setdefault("num", num)
    return (Markup(found) if context.autoescape else found) % values  # noqa: S704


def _translations() -> Path:
    return Path(__file__).parent.parent / "translations"


__all__ = [
    "LOCALES",
    "force_locale",
    "gettext",
    "init_i18n",
    "lazy",
    "locale_tag",
    "ngettext",
    "show_date",
    "show_day",
    "show_long_day",
    "show_moment",
    "show_money",
    "show_month",
    "show_time",
    "show_time_12",
    "show_weekday",
]
