"""From a row's recipe to one operation on an object, signed with V4, and what goes before it.

`operation` is the method; `query`, `headers` and `body` are the request's, and what is signed.
Further: `parts` initiates an upload with these parts before; `exists` makes an object of the usual
key; `repeated` sends the same request once before; `ended` completes or aborts the upload;
`signed_in` is url (the default), header or nothing; `additional` headers; `expires` seconds,
`signed_ago` seconds; `credentials` the name of one of the target's keys; `key` another key;
`after_signing` has `query` parameters, `headers` and the `body`, set or (null) removed; `chunked`.

In strings, `<prefix>`, `<bucket>`, `<permanent>`, `<region>`, `<day>`, `<other host>`,
`<20 letters>`, `<upload id>`, `<etag>` of what exists and `<etag 1>`, `<etag 2>` and so on are
replaced.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from ..oss.signatures import UNSIGNED_PAYLOAD, V4, SignedRequest
from .recipe import OssResponse, Target, fill

Exchange = Callable[[bytes], OssResponse]
Recipe = Mapping[str, Any]


def run_operation(
    recipe: Recipe, target: Target, exchange: Exchange, *, prefix: str, now: datetime
) -> OssResponse:
    """The response to the operation; an upload that is still open afterwards is aborted."""
    places = {
        "<prefix>": prefix,
        "<bucket>": target.bucket,
        "<permanent>": target.keys["permanent"].access_key_id,
        "<region>": target.region,
        "<day>": f"{now:%Y%m%d}",
        "<other host>": target.other_host,
    }

    def run(operation: Recipe) -> OssResponse:
        return exchange(build_operation(operation, target, places, now))

    if recipe.get("exists"):
        _upload(run, places, [""])
        places["<etag>"] = run(_COMPLETE).headers.get("etag", "")
    if "parts" in recipe:
        _upload(run, places, recipe["parts"])
    if "ended" in recipe:
        run({"complete": _COMPLETE, "abort": _ABORT}[recipe["ended"]])
    if recipe.get("repeated"):
        run(recipe)
    response = run(recipe)
    if response.element("UploadId"):  # of an initiation, but also of some refusals
        places["<upload id>"] = response.element("UploadId")
    if "<upload id>" in places:
        run(_ABORT)
    return response


_NAMED = {"uploadId": "<upload id>"}
_ABORT: Recipe = {"operation": "DELETE", "query": _NAMED}
_COMPLETE: Recipe = {"operation": "POST", "query": _NAMED, "headers": {"x-oss-complete-all": "yes"}}


def _upload(run: Callable[[Recipe], OssResponse], places: dict[str, str], parts: list[str]) -> None:
    initiated = run({"operation": "POST", "query": {"uploads": ""}})
    places["<upload id>"] = initiated.element("UploadId")
    for number, content in enumerate(parts, 1):
        query = {"partNumber": str(number), **_NAMED}
        sent = run({"operation": "PUT", "query": query, "body": content})
        places[f"<etag {number}>"] = sent.headers.get("etag", "")


def build_operation(
    recipe: Recipe, target: Target, places: Mapping[str, str], now: datetime
) -> bytes:
    """The whole request, byte for byte."""
    key = target.keys[recipe.get("credentials", "permanent")]
    signed_at = now - timedelta(seconds=recipe.get("signed_ago", 0))
    date = f"{signed_at:%Y%m%dT%H%M%SZ}"
    credential = f"{key.access_key_id}/{date[:8]}/{target.region}/oss/aliyun_v4_request"
    query: dict[str, str | None] = fill(dict(recipe.get("query", {})), places)
    headers: dict[str, str | None] = {"host": target.host}
    headers |= fill(dict(recipe.get("headers", {})), places)
    body: str = fill(recipe.get("body", ""), places)
    chunked = recipe.get("chunked", False)
    if not chunked:
        headers["content-length"] = str(len(body.encode()))
    signed_in = recipe.get("signed_in", "url")
    additional = tuple(recipe.get("additional", ()))
    signing = {"x-oss-date": date}
    if key.security_token:
        signing["x-oss-security-token"] = key.security_token
    if signed_in == "url":
        query |= signing | {
            "x-oss-signature-version": V4,
            "x-oss-credential": credential,
            "x-oss-expires": recipe.get("expires", "600"),
        }
        if additional:
            query["x-oss-additional-headers"] = ";".join(additional)
    elif signed_in == "header":
        headers |= signing | {"x-oss-content-sha256": UNSIGNED_PAYLOAD}
    request = SignedRequest(
        method=recipe["operation"],
        bucket=target.bucket,
        key=fill(recipe.get("key", "<prefix>file.bin"), places),
        query={name: value for name, value in query.items() if value is not None},
        headers={name: value for name, value in headers.items() if value is not None},
        additional=additional,
    )
    signature = request.signature(key.access_key_secret, date=date, region=target.region)
    if signed_in == "url":
        query["x-oss-signature"] = signature
    elif signed_in == "header":
        names = f"AdditionalHeaders={';'.join(additional)}," if additional else ""
        headers["authorization"] = f"{V4} Credential={credential},{names}Signature={signature}"
    changes = fill(recipe.get("after_signing", {}), places)
    query |= changes.get("query", {})
    headers |= changes.get("headers", {})
    content = str(changes.get("body", body)).encode()
    if chunked:
        headers["transfer-encoding"] = "chunked"
        content = b"%x\r\n%s\r\n0\r\n\r\n" % (len(content), content)
    elif "body" in changes:
        headers["content-length"] = str(len(content))
    pairs = [(quote(n, safe=""), quote(v, safe="")) for n, v in query.items() if v is not None]
    text = "&".join(f"{name}={value}" if value else name for name, value in pairs)
    lines = [f"{request.method} /{quote(request.key)}?{text} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in headers.items() if value is not None]
    return "\r\n".join((*lines, "connection: close", "", "")).encode() + content
