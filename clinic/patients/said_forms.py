"""What the staff writes down of a patient's insurer and body."""

from __future__ import annotations

from clinic.core.forms import Form, LineField
from clinic.core.i18n import lazy as _l


class MeasuresForm(Form):
    height = LineField(_l("Height"), longest=20)
    weight = LineField(_l("Weight"), longest=20)


class InsurerForm(Form):
    insurer = LineField(_l("Insurer"), longest=200)
    policy_number = LineField(_l("Policy number"), longest=60)
    insured_until = LineField(_l("Valid until"), longest=20)
