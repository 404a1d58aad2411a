"""Which content type an extension means, by a table of our own: the tables of hosts differ."""

from __future__ import annotations

from collections.abc import Iterable

UNKNOWN = "application/octet-stream"

# Extension: the type that is stored, then other names that systems use for the same files.
_TABLE = {
    "7z": "application/x-7z-compressed",
    "aac": "audio/aac",
    "apk": "application/vnd.android.package-archive",
    "avi": "video/x-msvideo video/avi",
    "avif": "image/avif",
    "bmp": "image/bmp image/x-ms-bmp",
    "css": "text/css",
    "csv": "text/csv application/vnd.ms-excel text/plain",
    "doc": "application/msword",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "epub": "application/epub+zip",
    "flac": "audio/flac audio/x-flac",
    "gif": "image/gif",
    "gz": "application/gzip application/x-gzip",
    "heic": "image/heic image/heif",
    "heif": "image/heif image/heic",
    "htm": "text/html",
    "html": "text/html",
    "ico": "image/x-icon image/vnd.microsoft.icon",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "js": "text/javascript application/javascript application/x-javascript",
    "json": "application/json text/plain",
    "m4a": "audio/mp4 audio/x-m4a",
    "m4v": "video/x-m4v video/mp4",
    "md": "text/markdown text/plain",
    "mht": "multipart/related message/rfc822",
    "mhtml": "multipart/related message/rfc822",
    "mjs": "text/javascript application/javascript application/x-javascript",
    "mkv": "video/x-matroska",
    "mov": "video/quicktime",
    "mp3": "audio/mpeg",
    "mp4": "video/mp4 audio/mp4",
    "mpeg": "video/mpeg",
    "mpg": "video/mpeg",
    "oga": "audio/ogg",
    "ogg": "audio/ogg video/ogg application/ogg",
    "ogv": "video/ogg",
    "opus": "audio/ogg audio/opus",
    "pdf": "application/pdf",
    "png": "image/png",
    "ppt": "application/vnd.ms-powerpoint",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "rar": "application/vnd.rar",
    "rtf": "application/rtf text/rtf",
    "svg": "image/svg+xml",
    "svgz": "image/svg+xml",
    "swf": "application/x-shockwave-flash",
    "tar": "application/x-tar",
    "tgz": "application/gzip application/x-gzip",
    "tif": "image/tiff",
    "tiff": "image/tiff",
    "txt": "text/plain",
    "wav": "audio/wav audio/x-wav audio/vnd.wave",
    "weba": "audio/webm",
    "webm": "video/webm audio/webm",
    "webp": "image/webp",
    "xht": "application/xhtml+xml",
    "xhtml": "application/xhtml+xml",
    "xls": "application/vnd.ms-excel",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "xml": "application/xml text/xml",
    "xsl": "application/xml text/xml",
    "zip": "application/zip",
}
_TYPES = {extension: tuple(types.split()) for extension, types in _TABLE.items()}
_KNOWN = frozenset(name for types in _TYPES.values() for name in types)

# Types that a browser may run as a script of the site that serves them; no wildcard includes them.
ACTIVE = frozenset(
    {
        "application/javascript",
        "application/x-javascript",
        "application/x-shockwave-flash",
        "application/xhtml+xml",
        "application/xml",
        "image/svg+xml",
        "message/rfc822",
        "multipart/related",
        "text/html",
        "text/javascript",
        "text/xml",
    }
)


def bare(content_type: str) -> str:
    """The type without parameters and in lower case: `Text/Plain; charset=x` is `text/plain`."""
    return content_type.partition(";")[0].strip().lower()


def of_extension(extension: str) -> str:
    """The type under which files with this extension (no dot, lower case) are stored."""
    return _TYPES.get(extension, (UNKNOWN,))[0]


def contradicts(content_type: str, extension: str) -> bool:
    """Whether the type certainly means other files than the extension does.

    A type that is not in the table proves nothing: systems make up names, such as Windows'
    `application/x-zip-compressed`.
    """
    name = bare(content_type)
    return name in _KNOWN and name not in _TYPES.get(extension, ())


def expand(patterns: Iterable[str]) -> tuple[str, ...]:
    """The types that a list such as `image/*, text/html` allows, in order and without repetition.

    A wildcard means the stored types of the table except active ones, which must be named.
    """
    stored = sorted({types[0] for types in _TYPES.values()} - ACTIVE)
    allowed: dict[str, None] = {}
    for pattern in map(bare, patterns):
        if pattern.endswith("/*"):
            allowed.update(dict.fromkeys(t for t in stored if t.startswith(pattern[:-1])))
        else:
            allowed[pattern] = None
    return tuple(allowed)
