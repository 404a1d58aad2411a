"""The headers of a form: the request's Content-Type with the boundary, and those of each part.

OSS reads these lines more literally than RFC 7578 demands; hints name the clients that meet this.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from werkzeug.http import parse_options_header

from ..errors import Refused, refusals
from ..switches import Switches, offer

_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_BARE_NAME = re.compile(r'; *(name|filename) *= *(?!")', re.IGNORECASE)
_NO_SPACE = re.compile(r";(?! )")
_EXTENDED_NAME = re.compile(r"; *filename\* *=", re.IGNORECASE)
_COMMA = re.compile(r" *multipart/form-data *,", re.IGNORECASE)
_QUOTED_BOUNDARY = re.compile(r'; *boundary *= *"', re.IGNORECASE)
_CHARSET_FIRST = re.compile(r"; *charset *=.*; *boundary *=", re.IGNORECASE)


@dataclass(frozen=True)
class Part:
    """The headers of one part; `extended` if its disposition has a `filename*`."""

    name: str
    filename: str | None
    content_type: str | None
    extended: bool = False


def read_boundary(content_type: str | None, switches: Switches) -> bytes:
    """The boundary that the request's Content-Type announces."""
    if not content_type or _COMMA.match(content_type):
        problem = "has a comma where a semicolon belongs" if content_type else "is missing"
        raise Refused(
            refusals.METHOD_NOT_ALLOWED,
            hint=f"The request's header Content-Type {problem} (a misspelt name, such as"
            " ContentType, counts as missing), so OSS does not see a form. Let the browser or the"
            " library set it: multipart/form-data; boundary=...",
            elements={"Method": "POST", "ResourceType": "Bucket"},
        )
    media_type, options = parse_options_header(content_type)
    if media_type.lower() != "multipart/form-data":
        raise Refused(
            refusals.NOT_MULTIPART,
            hint=f"The request's Content-Type is {media_type!r}, not multipart/form-data; post a"
            " form. OkHttp's MultipartBody is multipart/mixed until setType(MultipartBody.FORM).",
        )
    boundary = options.get("boundary", "")
    if not boundary:
        raise Refused(
            refusals.NO_BOUNDARY,
            hint="Content-Type has no boundary. Do not set this header yourself: axios, fetch,"
            " uni-app, Taro and others add the boundary only if they write the header.",
        )
    if _QUOTED_BOUNDARY.search(content_type) and not switches.accept_quoted_boundary:
        raise Refused(
            refusals.UNSETTLED_FORM,
            hint="Content-Type has its boundary in quotes, which OSS seems to take as part of it."
            " .NET: p = form.Headers.ContentType.Parameters.First(); p.Value = p.Value.Trim('\"')."
            + offer("accept-quoted-boundary"),
        )
    if _CHARSET_FIRST.search(content_type) and not switches.accept_charset_first:
        raise Refused(
            refusals.UNSETTLED_FORM,
            hint="Content-Type has charset before boundary, which a user of rn-fetch-blob found"
            " refused; leave charset out, or put it last. Apache HttpClient 5:"
            ' setContentType(ContentType.create("multipart/form-data")).'
            + offer("accept-charset-first"),
        )
    return boundary.encode("latin-1", "replace")


def read_part_headers(block: bytes, switches: Switches) -> Part:
    try:
        lines = block.decode().split("\r\n")
    except UnicodeDecodeError as error:
        raise Refused(
            refusals.MALFORMED_FIELD,
            hint="The headers of a part are not UTF-8; send names and file names in UTF-8.",
        ) from error
    pairs = [line.partition(":") for line in lines]
    headers = [(name.strip().lower(), value.strip()) for name, _, value in pairs]
    first, line = headers[0]
    if first != "content-disposition":
        found = f"the header {first!r}" if first else "no header"
        raise Refused(
            refusals.BAD_PART_HEADER,
            hint=f"A part starts with {found} instead of Content-Disposition. aiohttp's FormData"
            " (use requests or httpx), Dart's package http (use dio), Alamofire 4 (use 5) and"
            " .NET's StringContent (use ByteArrayContent) start with Content-Type. Elsewhere, put"
            " Content-Disposition first.",
        )
    content_type = _content_type(headers[1:], switches)
    disposition, options = parse_options_header(line)
    if disposition.lower() != "form-data" or not options.get("name"):
        raise Refused(
            refusals.MALFORMED,
            hint="A part's Content-Disposition is not form-data with a name; write"
            ' form-data; name="key".',
        )
    outside = _QUOTED.sub('""', line)
    if _BARE_NAME.search(outside) and not switches.accept_unquoted_names:
        raise Refused(
            refusals.UNSETTLED_FORM,
            hint=f"The part {options['name']!r} has its name or filename without quotes, which OSS"
            f' seems to refuse. .NET: form.Add(content, "\\"{options["name"]}\\""), and no file'
            " name." + offer("accept-unquoted-names"),
        )
    if _NO_SPACE.search(outside):
        raise Refused(
            refusals.UNSETTLED_FORM,
            hint=f"The Content-Disposition of {options['name']!r} has no space after a semicolon;"
            " a form of ZLMediaKit's was not understood until it had one. Write"
            ' form-data; name="file"; filename="a.txt".',
        )
    extended = bool(_EXTENDED_NAME.search(outside))
    return Part(options["name"], options.get("filename"), content_type, extended)


def _content_type(headers: list[tuple[str, str]], switches: Switches) -> str | None:
    """The Content-Type among the headers after the first; others are refused, with two exceptions.

    OkHttp 3 and 4 put Content-Length into each part. OSS refused that in 2015 and takes it today:
    the DashScope SDK for Java uploads so. OSS documents, 400 errors: any other line is an
    "unrecognized field name"; whether Content-Transfer-Encoding is one, the documents contradict.
    """
    known = {"content-type", "content-length"}
    if switches.accept_transfer_encoding:
        known.add("content-transfer-encoding")
    found: dict[str, str] = {}
    for name, value in headers:
        if name == "content-transfer-encoding" and name not in known:
            raise Refused(
                refusals.UNRECOGNIZED_HEADER,
                hint="A part has the header Content-Transfer-Encoding. Retrofit: pass a"
                " MultipartBody instead of @Part RequestBody or @PartMap. Apache HttpClient 4:"
                " setMode(BROWSER_COMPATIBLE). dio and Dart's http: send ASCII values only."
                + offer("accept-transfer-encoding"),
            )
        if name not in known or name in found:
            raise Refused(
                refusals.UNRECOGNIZED_HEADER,
                hint=f"A part has the header {name!r}; after Content-Disposition only one"
                " Content-Type and one Content-Length are allowed. Remove it.",
            )
        found[name] = value
    return found.get("content-type")
