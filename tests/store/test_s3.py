"""The bucket: signed links, who may read it, and what a wrong setting says."""

import json
import sys
import time
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from coach.errors import SettingsError, StoreUnavailable
from coach.store import S3Blobs, blob_key
from tests._postgres import free_port
from tests._s3 import S3Server, get

KEY = blob_key("anna@example.org", "pictures", "v1.png")


@pytest.fixture
async def blobs(s3: S3Server) -> S3Blobs:
    bucket = S3Blobs(s3.endpoint, s3.bucket, s3.access_key, s3.secret_key, s3.region)
    await bucket.put(KEY, b"a picture", "image/png")
    return bucket


async def test_a_signed_link_gives_this_one_blob_with_its_type(blobs: S3Blobs) -> None:
    link = await blobs.link(KEY, 60)

    assert get(link) == (200, "image/png", b"a picture")
    assert "X-Amz-Algorithm=AWS4-HMAC-SHA256" in link


async def test_a_link_that_was_changed_is_refused(blobs: S3Blobs) -> None:
    await blobs.put(KEY.replace("v1", "v2"), b"another picture", "image/png")
    link = await blobs.link(KEY, 60)
    last = "0" if link[-1] != "0" else "1"

    for changed in (
        link.replace("v1.png", "v2.png"),
        link.replace("X-Amz-Expires=60", "X-Amz-Expires=600"),
        link[:-1] + last,
        link.partition("?")[0],
    ):
        assert changed != link
        assert get(changed)[0] == 403


async def test_a_link_is_refused_when_its_time_is_over(blobs: S3Blobs) -> None:
    link = await blobs.link(KEY, 1)

    assert wait_while_it_works(link) == 403
    assert get(await blobs.link(KEY, 60))[0] == 200


def wait_while_it_works(link: str) -> int:
    """The status once it is another than 200."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        status, _, _ = get(link)
        if status != 200:
            return status
        time.sleep(0.1)
    return 200


@pytest.mark.parametrize("seconds", [0, -1, 7 * 24 * 3600 + 1])
async def test_a_link_works_for_a_second_to_seven_days(blobs: S3Blobs, seconds: int) -> None:
    with pytest.raises(ValueError, match="1 to 604800 seconds"):
        await blobs.link(KEY, seconds)


async def test_more_keys_than_one_page_are_listed_and_deleted_at_once(
    blobs: S3Blobs, s3: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = s3.client()
    for number in range(1001):
        client.put_object(Bucket=s3.bucket, Key=f"many/previews/{number:04}", Body=b"")

    assert len(await blobs.list("many/")) == 1001
    assert await blobs.list("anna%40example%2eorg/") == [KEY]

    def one_by_one(**_: str) -> None:
        raise AssertionError("a request for each of them")

    with monkeypatch.context() as at_once:
        at_once.setattr(blobs._client, "delete_object", one_by_one)
        assert len((await blobs.empty("many")).blobs) == 1001
    assert await blobs.list() == [KEY]


async def test_deleting_leaves_no_older_version(blobs: S3Blobs, s3: S3Server) -> None:
    client = s3.client()
    client.put_bucket_versioning(Bucket=s3.bucket, VersioningConfiguration={"Status": "Enabled"})
    for key in (KEY, f"{KEY}.other"):
        for data in (b"older", b"newer"):
            await blobs.put(key, data, "image/png")
    await blobs.delete(KEY)
    await blobs.delete(KEY)
    found = client.list_object_versions(Bucket=s3.bucket)
    left = [each["Key"] for each in (*found.get("Versions", []), *found.get("DeleteMarkers", []))]
    assert left == [f"{KEY}.other"] * 2


async def test_what_is_on_its_way_of_another_program_is_let_be(blobs: S3Blobs, s3: S3Server) -> None:
    later = datetime.now(UTC) + timedelta(days=1)
    for key in ("backups/photos/of-a-server.png", f"anna/photos/{uuid.UUID(int=0)}.png"):
        s3.client().create_multipart_upload(Bucket=s3.bucket, Key=key)
    assert await blobs.unfinished(later, remove=True) == 1
    [left] = s3.client().list_multipart_uploads(Bucket=s3.bucket)["Uploads"]
    assert left["Key"] == "backups/photos/of-a-server.png"


async def test_what_a_server_does_not_delete_at_once_is_deleted_one_by_one(
    blobs: S3Blobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(**_: Any) -> None:
        raise ClientError({"Error": {"Code": "NotImplemented"}}, "DeleteObjects")

    def refused(Delete: dict[str, Any], **_: Any) -> dict[str, Any]:
        return {"Errors": [each | {"Code": "InternalError"} for each in Delete["Objects"]]}

    for answer in (unknown, refused):
        await blobs.put(KEY, b"a picture", "image/png")
        monkeypatch.setattr(blobs._client, "delete_objects", answer)
        assert len((await blobs.empty("anna%40example%2eorg")).blobs) == 1
        assert await blobs.list() == []


async def test_a_new_bucket_is_private_and_the_check_leaves_nothing(blobs: S3Blobs, s3: S3Server) -> None:
    assert await blobs.is_private()

    kept = s3.client().list_objects_v2(Bucket=s3.bucket)["Contents"]
    assert [item["Key"] for item in kept] == [KEY]


@pytest.mark.parametrize("way", ["policy", "list"])
async def test_a_bucket_that_strangers_can_read_is_not_private(
    blobs: S3Blobs, s3: S3Server, way: str
) -> None:
    client = s3.client()
    client.delete_public_access_block(Bucket=s3.bucket)
    if way == "policy":
        allowed = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject"}
        statement = allowed | {"Resource": f"arn:aws:s3:::{s3.bucket}/*"}
        policy = {"Version": "2012-10-17", "Statement": [statement]}
        client.put_bucket_policy(Bucket=s3.bucket, Policy=json.dumps(policy))
    else:
        rules = {"Rules": [{"ObjectOwnership": "ObjectWriter"}]}
        client.put_bucket_ownership_controls(Bucket=s3.bucket, OwnershipControls=rules)
        client.put_bucket_acl(Bucket=s3.bucket, ACL="public-read")

    assert not await blobs.is_private()


async def test_a_wrong_setting_is_named_without_its_secret(s3: S3Server) -> None:
    here = s3.endpoint
    nobody = f"http://127.0.0.1:{free_port()}"
    for endpoint, bucket, key, reason in (
        (here, "no-such-bucket", s3.access_key, "NoSuchBucket"),
        (here, s3.bucket, "stranger", "InvalidAccessKeyId"),
        (nobody, s3.bucket, s3.access_key, "EndpointConnectionError"),
    ):
        blobs = S3Blobs(endpoint, bucket, key, "top-secret")
        with pytest.raises(SettingsError, match=reason) as refusal:
            await blobs.is_private()
        assert "top-secret" not in str(refusal.value)


async def test_a_server_in_trouble_does_not_count_as_private(
    blobs: S3Blobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    def in_trouble(**_: str) -> None:
        told = {"Error": {"Code": "SlowDown"}, "ResponseMetadata": {"HTTPStatusCode": 503}}
        raise ClientError(told, "GetBucketPolicyStatus")

    monkeypatch.setattr(blobs._client, "get_bucket_policy_status", in_trouble)

    with pytest.raises(SettingsError, match="SlowDown"):
        await blobs.is_private()


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("get_bucket_policy_status", {"PolicyStatus": {"IsPublic": True}}),
        ("get_bucket_acl", {"Grants": [{"Grantee": {"URI": "http://acs/groups/global/AuthenticatedUsers"}}]}),
    ],
)
async def test_a_bucket_that_says_it_is_public_is_believed(
    blobs: S3Blobs, monkeypatch: pytest.MonkeyPatch, question: str, answer: dict[str, Any]
) -> None:
    monkeypatch.setattr(blobs._client, question, lambda **_: answer)

    assert not await blobs.is_private()


async def test_being_refused_is_not_the_same_as_not_being_there(s3: S3Server) -> None:
    stranger = S3Blobs(s3.endpoint, s3.bucket, "stranger", "secret")

    with pytest.raises(StoreUnavailable, match="InvalidAccessKeyId"):
        await stranger.get(KEY)


async def test_without_an_endpoint_the_bucket_is_amazons() -> None:
    link = await S3Blobs(None, "my-bucket", "key", "secret", "eu-central-1").link(KEY, 60)

    assert link.startswith("https://my-bucket.s3.eu-central-1.amazonaws.com/anna%2540example%252eorg/")


def test_without_boto3_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)

    with pytest.raises(SettingsError, match="extra `s3`"):
        S3Blobs(None, "bucket", "key", "secret")
