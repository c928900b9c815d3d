"""What a register can say about patients, and how its columns are called."""

from __future__ import annotations

import re

from clinic.core.i18n import lazy as _l
from clinic.imports.kinds.base import Field, words
from clinic.imports.kinds.patients.contents import are_ages, are_births, are_visits

_PHONE = re.compile(r"[+(]?\d[\d\s().+/-]{8,20}")
_NAME = re.compile(r"[^\W\d_][^\d@]{2,60}")
_SEX = re.compile(r"m|f|male|female|पुरुष|महिला|स्त्री", re.IGNORECASE)
_DOSHA = re.compile(r".*(vata|pitta|kapha|tridosh|वात|पित्त|कफ).*|[vpk]\W?[vpk]", re.IGNORECASE)
_BLOOD = re.compile(r"(?:a|b|ab|o)\s*(?:[+-]|\+ve|-ve|pos.*|neg.*)", re.IGNORECASE)
_AGE_SEX = re.compile(
    r"\d{1,3}\s*(?:y|yrs?|years?|वर्ष)?\.?\s*[/,&-]\s*(?:m|f|male|female|पुरुष|महिला|स्त्री)"
    r"|(?:m|f|male|female|पुरुष|महिला|स्त्री)\s*[/,&-]\s*\d{1,3}\s*(?:y|yrs?|years?|वर्ष)?\.?",
    re.IGNORECASE,
)
_PIN = re.compile(r"[1-9]\d{2}[\s-]?\d{3}")

FIELDS: tuple[Field, ...] = (
    Field(
        name="name",
        label=_l("Name"),
        heading="Name",
        words=words(
            "patient name|patient s name|name of patient|name of the patient|patient|full name|name|first name",
            "last name|surname|middle name|client name|customer name|pt name|contact name|names",
            "नाम|रोगी का नाम|मरीज का नाम|मरीज़ का नाम|पूरा नाम|रुग्णाचे नाव|नाव|उपनाम",
        ),
        needed=True,
        joiner=" ",
        parts=words("first name|middle name|last name|surname|उपनाम"),
        unless=words(
            "city|town|village|state|country|address|area|place|district|phone|mobile|contact|no|number|age|sex|gender",
            "date|time|email|disease|diagnosis|test|file|user|शहर|गाँव|पता|मोबाइल|फोन|आयु|उम्र|लिंग|दिनांक|तारीख",
        ),
        looks=lambda cell: bool(_NAME.fullmatch(cell)) and " " in cell,
    ),
    Field(
        name="mobile",
        label=_l("Mobile"),
        heading="Mobile",
        words=words(
            "mobile|mobile no|mobile number|mob|mob no|phone|phone no|phone number|ph|ph no|cell|cell no|contact",
            "contact no|contact number|tel|tel no|telephone|whatsapp|whatsapp no|whatsapp number|cellphone",
            "मोबाइल|मोबाइल नंबर|मोबाइल नम्बर|मोबाईल|फोन|फ़ोन|फोन नंबर|फ़ोन नंबर|दूरभाष|सम्पर्क|संपर्क|संपर्क नंबर",
        ),
        unless=words(
            "name|person|address|email|mail|model|नाम|पता|alternate|alternative|alt|other|second|secondary"
        ),
        looks=lambda cell: bool(_PHONE.fullmatch(cell)),
    ),
    Field(
        name="phone",
        label=_l("Other telephone"),
        heading="Telephone",
        words=words(
            "landline|landline no|alternate no|alternate number|alternate mobile|alternate mobile no|alt mobile",
            "alternate phone|alternate phone no|alternate contact|alternate contact no|alt phone|alt phone no|alt no",
            "alt mobile no|alt contact|other no|other number|other phone|other mobile|residence|residence phone",
            "office phone|office no|work phone|mobile 2|mobile no 2|phone 2|phone no 2|second mobile|secondary mobile",
            "secondary phone|second phone|वैकल्पिक नंबर|वैकल्पिक मोबाइल|दूसरा नंबर|दूसरा मोबाइल",
        ),
        unless=words("name|person|address"),
        joiner=", ",
    ),
    Field(
        name="birth",
        label=_l("Date of birth or age"),
        heading="Date of birth",
        words=words(
            "date of birth|dob|d o b|birth date|birthdate|birth|born|born on|birthday|dob age|age dob|age or dob",
            "dob or age|date of birth age|birth year|year of birth|जन्म तिथि|जन्मतिथि|जन्म तारीख|जन्म दिनांक|जन्म",
        ),
        column=are_births,
    ),
    Field(
        name="age_sex",
        label=_l("Age and sex, in one"),
        heading="Age and sex",
        words=words(
            "age sex|sex age|age gender|gender age|age y sex|age yrs sex|age years sex|age m f|age f m|age and gender",
            "sex and age|gender and age|आयु लिंग|लिंग आयु|उम्र लिंग|लिंग उम्र|आयु व लिंग|आयु और लिंग|उम्र और लिंग|वय लिंग",
        ),
        looks=lambda cell: bool(_AGE_SEX.fullmatch(cell)),
    ),
    Field(
        name="age",
        label=_l("Age"),
        heading="Age",
        words=words(
            "age|age yrs|age years|age in years|age in yrs|age y|years",
            "आयु|आयु वर्ष|उम्र|उम्र वर्ष|वय",
        ),
        column=are_ages,
        only_nameless=True,
    ),
    Field(
        name="sex",
        label=_l("Sex"),
        heading="Sex",
        words=words("sex|gender|m f|f m|male female|लिंग|स्त्री पुरुष"),
        looks=lambda cell: bool(_SEX.fullmatch(cell)),
    ),
    Field(
        name="file_number",
        label=_l("Old file number"),
        heading="File number",
        words=words(
            "file no|file number|file|reg no|regd no|regn no|registration no|registration number|opd no|opd number",
            "ip no|op no|uhid|uhid no|mrd no|mrd number|case no|case number|case paper no|card no|patient id|pid",
            "id|patient code|patient reg no|reg id|registration id|case id|record id|patient no|patient number|record no|old no|old file no|hospital no|chart no|chart number",
            "फाइल नंबर|फ़ाइल नंबर|पंजीकरण संख्या|पंजीयन क्रमांक|केस नंबर|ओपीडी नंबर",
        ),
    ),
    Field(
        name="mrn",
        label=_l("Number here (SU-…)"),
        heading="Number",
        words=words("number|mrn|sutra number"),
        looks=lambda cell: cell.upper().startswith("SU-"),
    ),
    Field(
        name="first_visit",
        label=_l("First visit"),
        heading="First visit",
        words=words(
            "first visit|first visit date|date of first visit|1st visit|registration date|reg date|regd date|date",
            "date of registration|joined|joining date|visit date|since|registered on|date of reg|entry date",
            "पहली मुलाकात|पहली मुलाक़ात|पहली विज़िट|आने की तारीख|पंजीकरण तिथि|पंजीकरण तारीख|पंजीकरण की तारीख|पंजीकरण दिनांक|दिनांक|तारीख|तारीख़",
        ),
        unless=words(
            "birth|dob|death|born|wedding|marriage|anniversary|appointment|delivery|operation|surgery|जन्म|मृत्यु"
        ),
        column=are_visits,
        only_nameless=True,
    ),
    Field(
        name="email",
        label=_l("E-mail"),
        heading="E-mail",
        words=words("e mail|email|email id|e mail id|email address|mail|mail id|ईमेल|ई मेल"),
        looks=lambda cell: "@" in cell and "." in cell.rsplit("@", 1)[-1],
    ),
    Field(
        name="line",
        label=_l("House and street"),
        heading="Address",
        words=words(
            "address|full address|residential address|street|street address|house|house no|area|locality|address 1",
            "contact address|permanent address|present address|current address|postal address|home address",
            "address 2|address line 1|address line 2|landmark|village|पता|पूरा पता|मकान|गली|मोहल्ला",
        ),
        unless=words("name|names|email|mail|web|ip|नाम"),
        joiner=", ",
    ),
    Field(
        name="city",
        label=_l("City or village"),
        heading="City",
        words=words(
            "city|town|city town|city name|name of city|village name|place|district|taluka|शहर|नगर|गाँव|गांव|ज़िला|जिला|स्थान"
        ),
    ),
    Field(
        name="state", label=_l("State"), heading="State", words=words("state|state name|province|राज्य|प्रदेश")
    ),
    Field(
        name="postal_code",
        label=_l("PIN code"),
        heading="PIN code",
        words=words("pin|pin code|pincode|postal code|zip|zip code|postcode|post code|पिन|पिन कोड|पिनकोड"),
        looks=lambda cell: bool(_PIN.fullmatch(cell)),
    ),
    Field(
        name="country",
        label=_l("Country"),
        heading="Country",
        words=words("country|nationality|देश|राष्ट्रीयता"),
    ),
    Field(
        name="locale",
        label=_l("Language for messages"),
        heading="Language",
        words=words("language|preferred language|भाषा"),
    ),
    Field(
        name="emergency",
        label=_l("Emergency contact, all in one"),
        heading="Emergency contact",
        words=words(
            "emergency contact|emergency|emergency contact details|attendant|relative|next of kin|guardian|c o",
            "आपातकालीन संपर्क|आपात संपर्क|आपातकालीन सम्पर्क|अभिभावक|परिजन",
        ),
    ),
    Field(
        name="emergency_name",
        label=_l("Emergency contact: name"),
        heading="Emergency name",
        words=words(
            "emergency name|emergency contact name|contact person|contact person name|name of contact person|attendant name|guardian name|relative name"
        ),
    ),
    Field(
        name="emergency_phone",
        label=_l("Emergency contact: telephone"),
        heading="Emergency telephone",
        words=words(
            "emergency telephone|emergency phone|emergency contact no|emergency contact number|emergency mobile",
            "emergency no|emergency number|emergency contact phone|relative phone|guardian phone|attendant mobile",
        ),
    ),
    Field(
        name="emergency_relationship",
        label=_l("Emergency contact: relationship"),
        heading="Emergency relationship",
        words=words("emergency relationship|relation|relationship|emergency contact relation|रिश्ता|संबंध"),
        beside=("emergency", "emergency_name", "emergency_phone"),
    ),
    Field(
        name="prakriti",
        label=_l("Prakriti"),
        heading="Prakriti",
        words=words(
            "prakriti|prakruti|constitution|dosha|body type|ayurvedic constitution|प्रकृति|दोष|देह प्रकृति"
        ),
        looks=lambda cell: bool(_DOSHA.fullmatch(cell)),
    ),
    Field(
        name="allergies",
        label=_l("Allergies"),
        heading="Allergies",
        words=words(
            "allergies|allergy|any allergy|any allergies|known allergy|food allergy|medicine allergy|allergic to|drug allergy|drug allergies|known allergies|एलर्जी|एलर्जियाँ|ऐलर्जी"
        ),
    ),
    Field(
        name="blood_group",
        label=_l("Blood group"),
        heading="Blood group",
        words=words("blood group|blood grp|blood type|bg|b group|blood|रक्त समूह|ब्लड ग्रुप|रक्त वर्ग"),
        looks=lambda cell: bool(_BLOOD.fullmatch(cell)),
    ),
    Field(
        name="medical_history",
        label=_l("Medical history"),
        heading="Medical history",
        words=words(
            "medical history|history|past history|diagnosis|complaint|complaints|chief complaint|disease|illness",
            "known conditions|conditions|problem|रोग|बीमारी|शिकायत|इतिहास|चिकित्सा इतिहास|निदान",
        ),
        joiner="\n",
    ),
    Field(
        name="remarks",
        label=_l("Remarks"),
        heading="Remarks",
        words=words(
            "remarks|remark|notes|note|comment|comments|other|others",
            "referred by|ref by|reference|reference by|refer by|referral|संदर्भ|टिप्पणी|टिप्पणियाँ|विशेष|अन्य|नोट",
        ),
        joiner="\n",
    ),
    Field(
        name="died",
        label=_l("Died"),
        heading="Died",
        words=words("died|deceased|death|date of death|expired|expired on|मृत्यु|मृत|मृत्यु तिथि"),
    ),
)
