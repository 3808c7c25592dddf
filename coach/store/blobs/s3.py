"""Blobs in an S3 bucket, at Amazon or any compatible server. Needs the extra ``coach[s3]``."""

from __future__ import annotations

import asyncio
import importlib
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from operator import attrgetter
from pathlib import Path
from typing import Any

from coach.errors import SettingsError, StoreUnavailable
from coach.store._rows import parts
from coach.store.blobs._form import is_ours
from coach.store.blobs._key import check_key, check_owner, check_prefix, missing
from coach.store.blobs._look import Emptied, Stored

# Amazon S3, "Authenticating Requests: Using Query Parameters": X-Amz-Expires.
LONGEST_LINK = 7 * 24 * 3600
"""Seconds a signed link can work at most."""

_MOST = 1000
"""Keys that one request can delete (Amazon S3, "DeleteObjects")."""

_OPTIONS = {
    # Not every compatible server knows S3's newer checksums.
    "request_checksum_calculation": "when_required",
    "response_checksum_validation": "when_required",
    "connect_timeout": 10,
    "read_timeout": 60,
    "retries": {"mode": "standard"},
}
_ABSENT = {"NoSuchKey", "NotFound", "404"}
_UNKNOWN = {"NotImplemented", "AccessDenied", "403", "405", "501", "MethodNotAllowed"}
_STRANGERS = ("/global/AllUsers", "/global/AuthenticatedUsers")


class S3Blobs:
    """A :class:`~coach.store.blobs.Blobs` in a bucket. One client; every request runs in a thread.

    Args:
        endpoint: The server's address, or ``None`` for Amazon.
        bucket: An existing bucket; it should be private (:meth:`is_private`).
        access_key: The key's public part.
        secret_key: The key's secret part.
        region: The bucket's region.

    Raises:
        SettingsError: ``boto3`` is not installed.
    """

    def __init__(
        self, endpoint: str | None, bucket: str, access_key: str, secret_key: str, region: str = "us-east-1"
    ) -> None:
        try:
            boto3: Any = importlib.import_module("boto3")
            self._botocore: Any = importlib.import_module("botocore")
            self._configure: Any = importlib.import_module("botocore.config").Config
            self._failures: Any = importlib.import_module("botocore.exceptions")
        except ModuleNotFoundError:
            raise SettingsError("An S3 bucket needs boto3: the extra `s3`, or `pip install boto3`.") from None
        self._bucket = bucket
        # A bucket in the host name needs DNS that only Amazon surely has; there, links then name the region.
        self._style = {"addressing_style": "path" if endpoint else "virtual"}
        self._connect = partial(
            boto3.session.Session().client,
            "s3",
            endpoint_url=endpoint,
            aws_access_key_id=access_key,
            aws_secret_access_key=secret_key,
            region_name=region,
        )
        self._client = self._client_for("s3v4")

    def _client_for(self, signature: Any) -> Any:
        config = self._configure(signature_version=signature, s3=self._style, **_OPTIONS)
        return self._connect(config=config)

    async def put(self, key: str, data: bytes | Path, media_type: str) -> None:
        """See :class:`~coach.store.blobs.Blobs`."""
        await self._use(self._put, check_key(key), data, media_type)

    async def get(self, key: str, first: int | None = None) -> bytes:
        """See :class:`~coach.store.blobs.Blobs`."""
        read = partial(self._read, first=first)
        found: bytes | None = await self._use(self._unless_absent, read, check_key(key))
        if found is None:
            raise missing(key)
        return found

    async def exists(self, key: str) -> bool:
        """See :class:`~coach.store.blobs.Blobs`."""
        return await self._use(self._unless_absent, self._head, check_key(key)) is not None

    async def delete(self, key: str) -> None:
        """See :class:`~coach.store.blobs.Blobs`; with its older versions, where the bucket lets us."""
        await self._use(self._delete, check_key(key))

    async def list(self, prefix: str = "") -> Sequence[str]:
        """See :class:`~coach.store.blobs.Blobs`."""
        return [blob.key for blob in await self.look(prefix)]

    async def look(self, prefix: str = "") -> Sequence[Stored]:
        """See :class:`~coach.store.blobs.Blobs`."""
        found: Sequence[Stored] = await self._use(self._look, check_prefix(prefix))
        return found

    async def empty(self, owner: str) -> Emptied:
        """See :class:`~coach.store.blobs.Blobs`; with older versions and open uploads."""
        emptied: Emptied = await self._use(self._empty, f"{check_owner(owner)}/")
        return emptied

    async def unfinished(self, before: datetime, *, remove: bool) -> int:
        """See :class:`~coach.store.blobs.Blobs`: uploads in parts that were begun and not ended."""
        count: int = await self._use(self._unfinished, "", before, remove=remove)
        return count

    async def link(self, key: str, seconds: int) -> str:
        """A signed link: whoever has it can read this one blob for ``seconds``, 1 second to 7 days."""
        if not 1 <= seconds <= LONGEST_LINK:
            raise ValueError(f"a signed link works for 1 to {LONGEST_LINK} seconds, not {seconds}")
        what = {"Bucket": self._bucket, "Key": check_key(key)}
        signed: str = await asyncio.to_thread(
            self._client.generate_presigned_url, "get_object", Params=what, ExpiresIn=seconds
        )
        return signed

    async def is_private(self) -> bool:
        """Whether nobody without a key can read the bucket. Puts, reads and removes one small object.

        Looks at the bucket's policy and access list, and asks for the object and the listing unsigned.

        Raises:
            SettingsError: The bucket cannot be reached or written.
        """
        try:
            private: bool = await self._use(self._is_private, f"private-check/{uuid.uuid4().hex}")
        except StoreUnavailable as error:
            raise SettingsError(str(error)) from error
        return private

    async def _use(self, ask: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        """Ask the bucket in a thread; what becomes of its own trouble."""
        try:
            return await asyncio.to_thread(ask, *arguments, **options)
        except self._failures.ClientError as error:
            reason, cause = error.response["Error"]["Code"], error
        except self._failures.BotoCoreError as error:
            reason, cause = type(error).__name__, error
        raise StoreUnavailable(
            f"The bucket {self._bucket!r} cannot be used now ({reason}); check that its server runs, the "
            "endpoint, the bucket's name, the region and both parts of the key."
        ) from cause

    def _put(self, key: str, data: bytes | Path, media_type: str) -> None:
        where = {"Bucket": self._bucket, "Key": key, "ContentType": media_type}
        if isinstance(data, bytes):
            self._client.put_object(**where, Body=data)
            return
        with data.open("rb") as file:
            self._client.put_object(**where, Body=file)

    def _delete(self, key: str) -> None:
        self._client.delete_object(Bucket=self._bucket, Key=key)
        self._if_let(self._delete_versions, key, lambda name: name == key)

    def _read(self, key: str, *, first: int | None) -> bytes:
        part = {} if first is None else {"Range": f"bytes=0-{first - 1}"}
        # A compatible server may leave the range out of account.
        body: bytes = self._client.get_object(Bucket=self._bucket, Key=key, **part)["Body"].read(first)
        return body

    def _head(self, key: str) -> Any:
        return self._client.head_object(Bucket=self._bucket, Key=key)

    def _unless_absent(self, ask: Callable[[str], Any], key: str) -> Any:
        try:
            return ask(key)
        except self._failures.ClientError as error:
            if error.response["Error"]["Code"] in _ABSENT:
                return None
            raise

    def _pages(self, what: str, prefix: str) -> Iterator[Any]:
        return iter(self._client.get_paginator(what).paginate(Bucket=self._bucket, Prefix=prefix))

    def _look(self, prefix: str) -> Sequence[Stored]:
        items = (item for page in self._pages("list_objects_v2", prefix) for item in page.get("Contents", ()))
        found = [Stored(key=each["Key"], size=each["Size"], put_at=each["LastModified"]) for each in items]
        return sorted(found, key=attrgetter("key"))

    def _empty(self, prefix: str) -> Emptied:
        # What is on its way is stopped first: then it cannot come to have a key.
        unfinished, no_uploads = self._if_let(self._unfinished, prefix, None, remove=True)
        blobs = self._look(prefix)
        self._delete_all([{"Key": blob.key} for blob in blobs])
        older, no_versions = self._if_let(self._delete_versions, prefix)
        refused = " and ".join(["open uploads"] * no_uploads + ["older versions"] * no_versions)
        still = f"The bucket does not let us remove {refused}; remove them there." if refused else ""
        return Emptied(blobs=tuple(blobs), older=older, unfinished=unfinished, still=still)

    def _delete_versions(self, prefix: str, wanted: Callable[[str], bool] = lambda key: True) -> int:
        count = 0
        for page in self._pages("list_object_versions", prefix):
            listed = (*page.get("Versions", ()), *page.get("DeleteMarkers", ()))
            found = [each for each in listed if wanted(each["Key"])]
            self._delete_all([{"Key": each["Key"], "VersionId": each["VersionId"]} for each in found])
            count += len(found)
        return count

    def _delete_all(self, objects: Sequence[dict[str, str]]) -> None:
        """Delete many objects, or versions of them; what is refused so is asked for one by one."""
        for part in parts(objects, _MOST):
            try:
                what = {"Objects": part, "Quiet": True}
                left = self._client.delete_objects(Bucket=self._bucket, Delete=what).get("Errors", ())
            except self._failures.ClientError:  # not every compatible server has it
                left = part
            for each in left:
                wanted = {name: each[name] for name in ("Key", "VersionId") if each.get(name)}
                self._client.delete_object(Bucket=self._bucket, **wanted)

    def _unfinished(self, prefix: str, before: datetime | None, *, remove: bool) -> int:
        count = 0
        for page in self._pages("list_multipart_uploads", prefix):
            for each in page.get("Uploads", ()):
                # A bucket may hold more than ours, and what is on its way there is somebody else's.
                if before is None or (each["Initiated"] < before and is_ours(each["Key"])):
                    if remove:
                        upload = {"Key": each["Key"], "UploadId": each["UploadId"]}
                        with suppress(self._client.exceptions.NoSuchUpload):  # it has just ended
                            self._client.abort_multipart_upload(Bucket=self._bucket, **upload)
                    count += 1
        return count

    def _if_let(self, ask: Callable[..., int], *arguments: Any, **options: Any) -> tuple[int, bool]:
        """What the server answers; nothing, and that it refused, when it does not know this or forbids it."""
        try:
            return ask(*arguments, **options), False
        except self._failures.ClientError as error:
            if error.response["Error"]["Code"] not in _UNKNOWN:
                raise
            return 0, True

    def _is_private(self, probe: str) -> bool:
        self._put(probe, b"Is this bucket private?", "text/plain")
        try:
            return not (self._says_public() or self._answers_strangers(probe))
        finally:
            self._delete(probe)

    def _says_public(self) -> bool:
        # Some servers have no policies or no access lists: then the unsigned requests decide.
        with_policy = self._try(self._client.get_bucket_policy_status, Bucket=self._bucket)
        with_list = self._try(self._client.get_bucket_acl, Bucket=self._bucket)
        grants = [grant["Grantee"].get("URI", "") for grant in with_list.get("Grants", ())]
        by_policy: bool = with_policy.get("PolicyStatus", {}).get("IsPublic", False)
        return by_policy or any(uri.endswith(_STRANGERS) for uri in grants)

    def _answers_strangers(self, probe: str) -> bool:
        stranger = self._client_for(self._botocore.UNSIGNED)
        read = self._try(stranger.get_object, Bucket=self._bucket, Key=probe)
        listed = self._try(stranger.list_objects_v2, Bucket=self._bucket, MaxKeys=1)
        return bool(read or listed)

    def _try(self, ask: Callable[..., dict[str, Any]], **arguments: Any) -> dict[str, Any]:
        """What the server answers; nothing when it refuses, which one in trouble (5xx but 501) does not."""
        try:
            return ask(**arguments)
        except self._failures.ClientError as error:
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            if status >= 500 and status != 501:
                raise
            return {}
