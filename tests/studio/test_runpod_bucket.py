"""Results that are too large for an answer come by way of a real bucket, and none of them stays there."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from coach.errors import SettingsError
from coach.fetch import Fetcher
from coach.settings import Settings
from coach.studio.engines._runpod_ask import Bucket
from tests._s3 import S3Server
from tests.studio._rented import engine_at, engine_for, failure, keep, order, rented
from tests.studio._service import ignore, picture, says, service


def bucket_of(s3: S3Server) -> Bucket:
    """The bucket, as the settings give it."""
    return Bucket(endpoint=s3.endpoint, name=s3.bucket, access_key=s3.access_key, secret_key=s3.secret_key)


async def test_a_result_that_is_too_large_comes_through_the_bucket(s3: S3Server, tmp_path: Path) -> None:
    known: list[str] = []

    async def begun(job_id: str) -> None:
        known.append(job_id)

    with rented("job_too_large") as sandbox:
        engine = engine_for(sandbox, bucket=bucket_of(s3), fetcher=Fetcher(trusted=[s3.endpoint]))
        async with engine.send(order(), begun=begun) as answer:
            received = await keep(engine, answer, tmp_path)
        [found] = received.pictures
        assert (found.width, found.height) == (64, 96) and received.usage
        assert sandbox.log[0].params["bucket"] == s3.bucket
        written = (tmp_path / "a.body").read_bytes()
        assert b"X-Amz-Signature" not in written and b"http" not in written, "a link shows the picture"
        [stored] = s3.client().list_objects_v2(Bucket=s3.bucket)["Contents"]
        assert stored["Key"].startswith(f"{known[0].partition('/')[2]}/")
        whole = s3.client().get_object(Bucket=s3.bucket, Key=stored["Key"])["Body"].read()
        assert found.path.read_bytes() == whole
        assert await engine.forget(known[0])
        assert "Contents" not in s3.client().list_objects_v2(Bucket=s3.bucket)


async def test_without_a_bucket_it_never_comes(tmp_path: Path) -> None:
    with rented("job_too_large") as sandbox:
        error = await failure(engine_for(sandbox, looks=5), tmp_path)
    assert (error.code, error.paid) == ("timeout", "unknown")


async def test_what_is_gone_from_the_bucket_may_come_yet(
    s3: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coach.studio.engines._linked._PAUSES", (0.01,))
    link = f"{s3.endpoint}/{s3.bucket}/gone.png"
    said = {"id": "a", "status": "COMPLETED", "executionTime": 9, "output": {"message": link}}
    async with service(says({"id": "a"}), says(said)) as upstream:
        url = f"http://127.0.0.1:{upstream.port}/v2"
        error = await failure(engine_at(url, fetcher=Fetcher(trusted=[s3.endpoint])), tmp_path)
    assert (error.code, error.paid, error.usage) == ("not_fetched", "unknown", {"execution_ms": 9})
    assert s3.bucket not in error.detail


async def test_a_picture_of_any_length_is_put_in_place_of_its_link(s3: S3Server, tmp_path: Path) -> None:
    fetcher = Fetcher(trusted=[s3.endpoint])
    for more in range(3):
        data = picture(form="WEBP") + bytes(more)
        s3.client().put_object(Bucket=s3.bucket, Key=f"{more}.webp", Body=data)
        link = s3.client().generate_presigned_url(
            "get_object", Params={"Bucket": s3.bucket, "Key": f"{more}.webp"}
        )
        small = base64.b64encode(picture()).decode()
        images = [{"type": "s3_url", "data": link}, {"type": "base64", "data": small}]
        said = {"id": "a", "status": "COMPLETED", "output": {"images": images}}
        async with service(says({"id": "a"}), says(said)) as upstream:
            engine = engine_at(f"http://127.0.0.1:{upstream.port}/v2", fetcher=fetcher)
            async with engine.send(order(), begun=ignore) as answer:
                received = await keep(engine, answer, tmp_path)
        first, second = (found.path.read_bytes() for found in received.pictures)
        assert (first, second) == (data, picture())


async def test_a_link_that_leads_nowhere_for_good_costs_no_other_picture(tmp_path: Path) -> None:
    small = base64.b64encode(picture()).decode()
    images = [{"type": "s3_url", "data": "https://a:b@example.org/"}, {"type": "base64", "data": small}]
    said = {"id": "a", "status": "COMPLETED", "output": {"images": images}}
    async with service(says({"id": "a"}), says(said)) as upstream:
        engine = engine_at(f"http://127.0.0.1:{upstream.port}/v2")
        async with engine.send(order(), begun=ignore) as answer:
            received = await keep(engine, answer, tmp_path)
    assert [found.path.read_bytes() for found in received.pictures] == [picture()]
    assert received.unreadable == 1


def test_the_bucket_is_set_whole_and_its_origin_is_trusted(s3: S3Server) -> None:
    given = {
        "runpod_api_key": "k",
        "runpod_server_100_id": "e",
        "runpod_s3_endpoint": s3.endpoint + "/",
        "runpod_s3_bucket": s3.bucket,
        "runpod_s3_access_key": s3.access_key,
        "runpod_s3_secret_key": s3.secret_key,
    }
    assert Settings.read(**given).runpod() is not None
    shown = repr(Settings.read(**given)._bucket())
    assert s3.bucket in shown and s3.secret_key not in shown and s3.access_key not in shown
    for left_out in ("runpod_s3_endpoint", "runpod_s3_secret_key"):
        with pytest.raises(SettingsError, match="RUNPOD_S3_SECRET_KEY, or none"):
            Settings.read(**{**given, left_out: None}).runpod()
