"""Reading FHIR R4: NDJSON files line by line, and the data types that several resources share."""

from clinic.core.fhir.datatypes import (
    Address,
    Refused,
    address_of,
    code_in,
    coded_text,
    date_with_precision,
    dict_of,
    emails_of,
    human_name,
    identifiers_of,
    items_of,
    moment_of,
    phones_of,
    resource_id,
    text_of,
)
from clinic.core.fhir.reading import Line, files_of, read_resources

__all__ = [
    "Address",
    "Line",
    "Refused",
    "address_of",
    "code_in",
    "coded_text",
    "date_with_precision",
    "dict_of",
    "emails_of",
    "files_of",
    "human_name",
    "identifiers_of",
    "items_of",
    "moment_of",
    "phones_of",
    "read_resources",
    "resource_id",
    "text_of",
]
