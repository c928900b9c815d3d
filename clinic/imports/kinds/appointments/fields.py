"""What a diary can say about visits to come, and how its columns are called."""

from __future__ import annotations

import re

from clinic.core.i18n import lazy as _l
from clinic.imports.kinds.base import Field, words

_DAY = re.compile(r"\d{1,4}[-/. ]\w{1,9}[-/. ]\d{2,4}", re.IGNORECASE)
_TIME = re.compile(r"\d{1,2}[:.]\d{2}\s?(?:am|pm)?|\d{1,2}\s?(?:am|pm)", re.IGNORECASE)
_MOMENT = re.compile(r"\d{1,4}[-/. ]\w{1,9}[-/. ]\d{2,4}[T, ]+\d{1,2}[:.]\d{2}.*", re.IGNORECASE)
_PHONE = re.compile(r"[+(]?\d[\d\s().+/-]{8,20}")
_TITLED = re.compile(r"(dr|vd|vaidya|prof|डॉ|वैद्य)\W.{2,}", re.IGNORECASE)

FIELDS: tuple[Field, ...] = (
    Field(
        name="patient",
        label=_l("Patient"),
        heading="Patient",
        words=words(
            "patient|patient name|name of patient|patient s name|name|client|client name|customer|customer name|pt name",
            "full name|first name|last name|surname|invitee|invitee name|attendee",
            "रोगी|मरीज|मरीज़|रोगी का नाम|मरीज का नाम|मरीज़ का नाम|नाम",
        ),
        essential=True,
        joiner=" ",
        parts=words("first name|last name|surname"),
        unless=words(
            "city|address|phone|mobile|email|age|sex|gender|room|treatment|therapy|procedure|event|user"
        ),
    ),
    Field(
        name="patient_number",
        label=_l("Patient's number here (SU-…)"),
        heading="Patient number",
        words=words("patient number|number|mrn|sutra number|patient mrn"),
        essential=True,
        looks=lambda cell: cell.upper().startswith("SU-"),
    ),
    Field(
        name="file_number",
        label=_l("Patient's old file number"),
        heading="File number",
        words=words(
            "file number|file no|file|uhid|uhid no|opd no|opd number|patient id|pid|patient no|case no|card no|chart no",
            "reg no|regn no|registration no|फाइल नंबर|फ़ाइल नंबर|पंजीकरण संख्या|केस नंबर",
        ),
        essential=True,
    ),
    Field(
        name="mobile",
        label=_l("Mobile"),
        heading="Mobile",
        words=words(
            "mobile|mobile no|mobile number|mob|phone|phone no|phone number|contact|contact no|contact number|cell",
            "patient mobile|patient phone|whatsapp|tel|telephone",
            "मोबाइल|मोबाइल नंबर|फोन|फ़ोन|फोन नंबर|फ़ोन नंबर|संपर्क",
        ),
        essential=True,
        unless=words("name|person|address"),
        looks=lambda cell: bool(_PHONE.fullmatch(cell)),
    ),
    Field(
        name="moment",
        label=_l("Date and time, all in one"),
        heading="Date and time",
        words=words(
            "date and time|date time|datetime|start|starts|starts at|start time and date|appointment date time|slot",
            "appointment date and time|appt date time|start date time|begins|when|from",
            "दिनांक और समय|तारीख और समय",
        ),
        essential=True,
        looks=lambda cell: bool(_MOMENT.fullmatch(cell)),
    ),
    Field(
        name="date",
        label=_l("Date"),
        heading="Date",
        words=words(
            "date|appointment date|appt date|visit date|day|app date|booking date|start date|scheduled date|on",
            "दिनांक|तारीख|तारीख़|तिथि|अपॉइंटमेंट दिनांक",
        ),
        essential=True,
        unless=words("birth|dob|registration|first"),
        looks=lambda cell: bool(_DAY.fullmatch(cell)),
    ),
    Field(
        name="time",
        label=_l("Time"),
        heading="Time",
        words=words(
            "time|appointment time|appt time|visit time|start time|time slot|at|scheduled time|in time|समय|वक्त|बजे"
        ),
        essential=True,
        looks=lambda cell: bool(_TIME.fullmatch(cell)),
    ),
    Field(
        name="minutes",
        label=_l("Minutes"),
        heading="Minutes",
        words=words("minutes|mins|duration|duration minutes|duration mins|length|मिनट|अवधि"),
    ),
    Field(
        name="practitioner",
        label=_l("Practitioner"),
        heading="Practitioner",
        words=words(
            "practitioner|practitioner name|doctor|doctor name|dr|dr name|consultant|consultant name|vaidya|therapist",
            "provider|provider name|with|seen by|staff|resource",
            "डॉक्टर|डॉक्टर का नाम|चिकित्सक|चिकित्सक का नाम|वैद्य",
        ),
        essential=True,
        looks=lambda cell: bool(_TITLED.fullmatch(cell)),
    ),
    Field(
        name="service",
        label=_l("Service"),
        heading="Service",
        words=words(
            "service|service name|service code|treatment|treatment name|therapy|procedure|appointment type|appt type|type",
            "visit type|event type|सेवा|उपचार|चिकित्सा|प्रकार",
        ),
        essential=True,
    ),
    Field(
        name="room",
        label=_l("Room"),
        heading="Room",
        words=words("room|room name|room no|cabin|location|कक्ष|कमरा"),
    ),
    Field(
        name="mode",
        label=_l("In person or online"),
        heading="Mode",
        words=words("mode|visit mode|consultation mode|channel|माध्यम"),
    ),
    Field(
        name="reason",
        label=_l("Reason"),
        heading="Reason",
        words=words(
            "reason|reason for visit|purpose|complaint|chief complaint|notes|note|remarks|remark|comment|comments|subject",
            "कारण|उद्देश्य|शिकायत|टिप्पणी",
        ),
        joiner="\n",
    ),
    Field(
        name="status",
        label=_l("Status"),
        heading="Status",
        words=words("status|appointment status|appt status|state|booking status|स्थिति"),
    ),
)
