"""A series' rule in words."""

from __future__ import annotations

from babel.dates import get_day_names
from babel.lists import format_list

from clinic.core.i18n import gettext as _
from clinic.core.i18n import locale_tag, ngettext, show_date
from clinic.scheduling.service.series.rule import Every, Rule


def weekdays() -> list[tuple[int, str]]:
    """Number and short name of each day of the week, Monday first."""
    names = get_day_names("abbreviated", locale=_locale())
    return [(day, names[day]) for day in range(7)]


def rule_words(text: str) -> str:
    """``Every week on Tuesday and Friday, 8 times``; empty for a rule that is written otherwise."""
    try:
        rule = Rule.read(text)
    except (ValueError, KeyError):
        return ""
    often = _often(rule)
    if rule.count is not None:
        return _("%(often)s, %(times)s", often=often, times=_times(rule.count))
    assert rule.until is not None
    return _("%(often)s, until %(day)s", often=often, day=show_date(rule.until))


def _often(rule: Rule) -> str:
    if rule.every == Every.DAY:
        return ngettext("Every day", "Every %(num)s days", rule.interval)
    names = get_day_names("wide", locale=_locale())
    if not rule.weekdays:
        return ngettext("Every week", "Every %(num)s weeks", rule.interval)
    days = format_list([names[day] for day in rule.weekdays], locale=_locale())
    return ngettext("Every week on %(days)s", "Every %(num)s weeks on %(days)s", rule.interval, days=days)


def _times(count: int) -> str:
    return ngettext("%(num)s time", "%(num)s times", count)


def _locale() -> str:
    return "hi_IN" if locale_tag() == "hi" else "en_IN"
