"""Files in a bucket of an S3-compatible object store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from clinic.core.files import FileMissing, Kept, StoreAway, checked_key

_MISSING = ("404", "NoSuchKey", "NotFound")


class BucketStore:
    """Files as objects, private and encrypted as the bucket says. The account's keys come from the
    environment, as that library reads them (``AWS_ACCESS_KEY_ID`` and so on).
    """

    def __init__(self, bucket: str, *, endpoint: str = "", region: str = "") -> None:
        self._bucket = bucket
        self._client: Any = boto3.client(
            "s3",
            endpoint_url=endpoint or None,
            region_name=region or None,
            config=Config(
                connect_timeout=3,
                read_timeout=10,
                retries={"max_attempts": 2, "mode": "standard"},
                s3={"addressing_style": "path"} if endpoint else {},
                request_checksum_calculation="when_required",  # what speaks S3 elsewhere knows no others
                response_checksum_validation="when_required",
            ),
        )

    def put(self, key: str, data: bytes, *, content_type: str) -> None:
        """See Store."""
        self._ask(self._client.put_object, key, Body=data, ContentType=content_type)

    def read(self, key: str, start: int | None = None, stop: int | None = None) -> bytes:
        """See Store."""
        asked = {}
        if start or stop is not None:
            if stop is not None and stop <= (start or 0):
                return b""
            asked["Range"] = f"bytes={start or 0}-{'' if stop is None else stop - 1}"
        answer = self._ask(self._client.get_object, key, **asked)
        try:
            return bytes(answer["Body"].read())
        except BotoCoreError as failure:
            raise StoreAway(type(failure).__name__) from failure

    def size(self, key: str) -> int:
        """See Store."""
        return int(self._ask(self._client.head_object, key)["ContentLength"])

    def delete(self, key: str) -> None:
        """See Store."""
        self._ask(self._client.delete_object, key)

    def keys(self, prefix: str = "") -> Iterator[str]:
        """See Store."""
        return (kept.key for kept in self.listing(prefix))

    def listing(self, prefix: str = "") -> Iterator[Kept]:
        """See Store."""
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix)
        try:
            for page in pages:
                for found in page.get("Contents", ()):
                    yield Kept(key=found["Key"], size=found["Size"], changed_at=found["LastModified"])
        except (BotoCoreError, ClientError) as failure:
            raise StoreAway(type(failure).__name__) from failure

    def _ask(self, method: Callable[..., Any], key: str, **more: Any) -> Any:
        try:
            return method(Bucket=self._bucket, Key=checked_key(key), **more)
        except ClientError as failure:
            code = str(failure.response.get("Error", {}).get("Code", ""))
            if code in _MISSING:
                raise FileMissing(key) from None
            raise StoreAway(code) from failure
        except BotoCoreError as failure:
            raise StoreAway(type(failure).__name__) from failure
