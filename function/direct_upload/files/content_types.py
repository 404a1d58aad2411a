"""Which content type an extension means, by a table of our own: the tables of hosts differ."""

from __future__ import annotations

from .table import FILES, PROGRAMS

UNKNOWN = "application/octet-stream"

_TABLE = {**FILES, **PROGRAMS}
STORED = {extension: name for name, row in _TABLE.items() for extension in row[0].split()}
"""By extension (no dot, lower case): the type under which such files are stored."""

# By stored type: all names that systems use for these files.
_NAMES = {name: (name, *row[1].split()) for name, row in _TABLE.items()}
_KNOWN = frozenset(name for names in _NAMES.values() for name in names)

# Types that a browser may run as a script of the site that serves them, or from which it guesses
# one that it runs (WHATWG, "MIME Sniffing", 7.1); further ones end in +xml.
_ACTIVE = frozenset(
    {
        "application/ecmascript",
        "application/javascript",
        "application/unknown",
        "application/x-ecmascript",
        "application/x-javascript",
        "application/x-mimearchive",
        "application/x-shockwave-flash",
        "application/xml",
        "message/rfc822",
        "multipart/related",
        "multipart/x-mixed-replace",
        "text/ecmascript",
        "text/html",
        "text/javascript",
        "text/jscript",
        "text/x-ecmascript",
        "text/x-javascript",
        "text/xml",
        "unknown/unknown",
    }
)


def is_active(content_type: str) -> bool:
    """Whether a browser may run such a file as a script; no wildcard includes these types."""
    return content_type in _ACTIVE or content_type.endswith("+xml")


def bare(content_type: str) -> str:
    """The type without parameters and in lower case: `Text/Plain; charset=x` is `text/plain`."""
    return content_type.partition(";")[0].strip().lower()


def contradicts(content_type: str, extension: str) -> bool:
    """Whether the type certainly means other files than the extension does.

    A type or an extension that is not in the table proves nothing: systems make up names, such as
    Windows' `application/x-zip-compressed`.
    """
    names, name = names_of(extension), bare(content_type)
    return bool(names) and name in _KNOWN and name not in names


def names_of(extension: str) -> tuple[str, ...]:
    """What browsers call the type of these files; empty where the table does not know them."""
    stored = STORED.get(extension)
    return _NAMES[stored] if stored else ()


def extensions_of(name: str) -> tuple[str, ...]:
    """The extensions of files with this type, the usual one first.

    A name under which nothing is stored means the types that have it as another name.
    """
    if name in _TABLE:
        return tuple(_TABLE[name][0].split())
    return tuple(ext for ext, stored in STORED.items() if name in _NAMES[stored])


def extensions_of_kind(kind: str) -> tuple[str, ...]:
    """The extensions that a wildcard such as `image/*` means, neither active nor programs."""
    return tuple(
        extension
        for name, row in FILES.items()
        if name.startswith(f"{kind}/") and not is_active(name)
        for extension in row[0].split()
    )
