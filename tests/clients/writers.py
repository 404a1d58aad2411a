"""Forms as clients write them that no test can run: phones, and runtimes that are not to be had.

Each writer follows the client's source, or its documents where there is no source, byte for byte:
the names and the order of a part's headers, their case, the line breaks, the boundary's shape. The
rows that use them (apps.py) name the evidence.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import quote


@dataclass(frozen=True)
class Upload:
    """What a client is given: the grant's fields, and a file."""

    fields: Mapping[str, str]
    filename: str
    content_type: str
    content: bytes


@dataclass(frozen=True)
class Posted:
    """A request: its header Content-Type, and its body."""

    content_type: str
    body: bytes


Writer = Callable[[Upload], Posted]


def react_native_android(upload: Upload) -> Posted:
    """FormData.js and NetworkingModule.kt, through OkHttp 4.9.2."""
    return _react_native_android(upload, f'filename="{_encoded(upload.filename)}"')


def react_native_android_0_74(upload: Upload) -> Posted:
    """0.74.0 to 0.75.4 and 0.76.0 to 0.76.7: FormData.js gives the name a second time."""
    encoded = _encoded(upload.filename)
    return _react_native_android(
        upload, f"filename=\"{upload.filename}\"; filename*=utf-8''{encoded}"
    )


def _react_native_android(upload: Upload, names: str) -> Posted:
    # NetworkingModule takes content-type out of the headers; OkHttp writes that of the part's body,
    # and after it the body's length.
    return _form(
        "3d3b1b0e-8a55-4d6c-9f83-2b64f3f1c5a7",
        [
            *(
                _part(
                    f'content-disposition: form-data; name="{name}"',
                    f"Content-Length: {len(value.encode())}",
                    content=value.encode(),
                )
                for name, value in upload.fields.items()
            ),
            _part(
                f'content-disposition: form-data; name="file"; {names}',
                f"Content-Type: {upload.content_type}",
                f"Content-Length: {len(upload.content)}",
                content=upload.content,
            ),
        ],
    )


def react_native_ios(upload: Upload) -> Posted:
    """RCTNetworking.mm, when its dictionary yields the disposition first."""
    return _form(
        "kW5p-Yv_8Q.xTz0hN2uFjB6mLrCe1GdAoS9iXqVb7KsPnRtHwDyE3cMgUlJfZ4aOvI0123",
        [
            *_fields(upload, "content-disposition"),
            _part(
                _disposition("content-disposition", _encoded(upload.filename)),
                f"content-type: {upload.content_type}",
                content=upload.content,
            ),
        ],
    )


def dio(upload: Upload) -> Posted:
    """dio's form_data.dart since 3.0.5; the grant's values are ASCII, so fields have one header."""
    return _form(
        "--dio-boundary-2130706433",
        [
            *_fields(upload, "content-disposition"),
            _part(
                _disposition("content-disposition", _browser_name(upload.filename)),
                f"content-type: {upload.content_type}",
                content=upload.content,
            ),
        ],
    )


def dart_http(upload: Upload) -> Posted:
    """package:http's multipart_request.dart: a file's type comes first."""
    return _form(
        "dart-http-boundary-Aq3xK0v7mZ2yPf5RcT9wLb4NhJ8sUd6GeWiXoVkQaYtMzB1lHrC",
        [
            *_fields(upload, "content-disposition"),
            _part(
                f"content-type: {upload.content_type}",
                _disposition("content-disposition", _browser_name(upload.filename)),
                content=upload.content,
            ),
        ],
    )


def alamofire(upload: Upload) -> Posted:
    """Alamofire 5, MultipartFormData.swift: its headers have an order."""
    return _alamofire(upload, disposition_first=True)


def alamofire_4(upload: Upload) -> Posted:
    """Alamofire 4: the headers come out of a dictionary, here with the type first."""
    return _alamofire(upload, disposition_first=False)


def _alamofire(upload: Upload, *, disposition_first: bool) -> Posted:
    lines = [
        _disposition("Content-Disposition", "upload"),
        f"Content-Type: {upload.content_type}",
    ]
    return _form(
        "alamofire.boundary.9f3c52d01b7e4a68",
        [
            *_fields(upload, "Content-Disposition"),
            _part(*(lines if disposition_first else lines[::-1]), content=upload.content),
        ],
    )


def url_session(upload: Upload) -> Posted:
    """What the Swift code of the row writes into a file."""
    return _form(
        "7B0C0D7E-58A6-4F0B-9B45-1D2B7C1B7D11",
        [
            *_fields(upload, "Content-Disposition"),
            _part(_disposition("Content-Disposition", "upload"), content=upload.content),
        ],
    )


def background_upload_ios(upload: Upload) -> Posted:
    """react-native-background-upload on iOS, as its issue 82 shows it: a line break comes first."""
    posted = url_session(upload)
    return Posted(posted.content_type, b"\r\n" + posted.body)


def harmony(upload: Upload) -> Posted:
    """HarmonyOS, `data` before `files`: assumed, for its documents do not show the bytes."""
    return _form(
        "HarmonyOS-7MA4YWxkTrZu0gW3",
        [
            *_fields(upload, "Content-Disposition"),
            _part(
                _disposition("Content-Disposition", "upload"),
                f"Content-Type: {upload.content_type}",
                content=upload.content,
            ),
        ],
    )


def _fields(upload: Upload, header: str) -> list[bytes]:
    return [
        _part(f'{header}: form-data; name="{name}"', content=value.encode())
        for name, value in upload.fields.items()
    ]


def _disposition(header: str, filename: str) -> str:
    return f'{header}: form-data; name="file"; filename="{filename}"'


def _part(*lines: str, content: bytes) -> bytes:
    return "".join(f"{line}\r\n" for line in lines).encode() + b"\r\n" + content + b"\r\n"


def _form(boundary: str, parts: list[bytes]) -> Posted:
    mark = f"--{boundary}".encode()
    body = b"".join(mark + b"\r\n" + part for part in parts) + mark + b"--\r\n"
    return Posted(f"multipart/form-data; boundary={boundary}", body)


def _encoded(name: str) -> str:
    """JavaScript's encodeURIComponent, as React Native names files."""
    return quote(name.replace("/", "_"), safe="!'()*")


def _browser_name(name: str) -> str:
    return name.replace("\r\n", "%0D%0A").replace('"', "%22")
