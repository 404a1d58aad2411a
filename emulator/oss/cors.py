"""The bucket's cross-origin rules, in a file that developers can edit.

The file is OSS's own CORSConfiguration, as accepted by `ossutil`. OSS documents, "PutBucketCors"
and "OptionObject": the first rule that matches wins.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from werkzeug.datastructures import Headers

from .errors import Refused, refusals

METHODS = ("GET", "PUT", "DELETE", "POST", "HEAD")


@dataclass(frozen=True)
class CorsRule:
    origins: tuple[str, ...]
    methods: tuple[str, ...]
    headers: tuple[str, ...] = ()
    exposed: tuple[str, ...] = ()
    max_age: str = ""

    def allows(self, origin: str, method: str, headers: tuple[str, ...] = ()) -> bool:
        return (
            any(_matches(pattern, origin) for pattern in self.origins)
            and method in self.methods
            and all(
                any(_matches(pattern.lower(), header.lower()) for pattern in self.headers)
                for header in headers
            )
        )


@dataclass(frozen=True)
class Cors:
    rules: tuple[CorsRule, ...]
    vary: bool = True
    problem: str = ""  # why the file cannot be used


def default_cors(allowed_origins: tuple[str, ...]) -> Cors:
    """The one rule that uploads need, PUT for parts; it applies when there is no file."""
    rule = CorsRule(
        origins=allowed_origins,
        methods=("POST", "PUT", "GET", "HEAD"),
        headers=("*",),
        exposed=("ETag", "x-oss-request-id"),
        max_age="600",
    )
    return Cors((rule,) if allowed_origins else ())


def load_cors(path: Path, default: Cors) -> Cors:
    """Read the file for each request, so that an edit takes effect at once."""
    try:
        document = ElementTree.fromstring(path.read_bytes())  # noqa: S314  the developer's own
    except FileNotFoundError:
        return default
    except (ElementTree.ParseError, ValueError, OSError) as error:
        # Not well-formed, in an encoding that expat does not know, or not readable.
        return Cors((), problem=f"{path.name} cannot be used: {error}.")
    rules = tuple(_rule(element) for element in document.iter("CORSRule"))
    return Cors(rules, vary=document.findtext("ResponseVary", "").strip().lower() == "true")


def actual_headers(cors: Cors, origin: str, method: str) -> dict[str, str]:
    """The headers of an ordinary response. Without them the request is served all the same, but
    scripts of that origin cannot read the response (inferred)."""
    rule = next((rule for rule in cors.rules if rule.allows(origin, method)), None)
    return _headers(cors, rule, origin) if rule else {}


def preflight_headers(cors: Cors, request: Headers) -> dict[str, str]:
    """The headers that allow what the browser requests; `Refused` if no rule does."""
    origin = request.get("Origin")
    method = request.get("Access-Control-Request-Method")
    if not origin:
        raise Refused(
            refusals.PREFLIGHT_WITHOUT_ORIGIN,
            hint="The OPTIONS request has no Origin header; send one.",
        )
    if not method:
        raise Refused(
            refusals.PREFLIGHT_WITHOUT_METHOD,
            hint="The OPTIONS request has no Access-Control-Request-Method header; send one.",
        )
    if not cors.rules:
        raise Refused(
            refusals.NO_CORS_RULES,
            hint=cors.problem
            or "The bucket has no CORS rule; set ALLOWED_ORIGINS or write "
            "cors.xml in the data folder.",
        )
    requested = request.get("Access-Control-Request-Headers", "")
    wanted = tuple(name.strip() for name in requested.split(",") if name.strip())
    rule = next((rule for rule in cors.rules if rule.allows(origin, method, wanted)), None)
    if rule is None:
        raise Refused(
            refusals.CORS_FORBIDDEN,
            hint=f"No CORS rule allows {method} from {origin!r} with the headers {requested!r}; "
            "add the origin to ALLOWED_ORIGINS or to cors.xml in the data folder.",
        )
    headers = _headers(cors, rule, origin)
    headers["Access-Control-Allow-Methods"] = ", ".join(rule.methods)
    if wanted:
        headers["Access-Control-Allow-Headers"] = ", ".join(wanted)
    if rule.max_age:
        headers["Access-Control-Max-Age"] = rule.max_age
    return headers


def _headers(cors: Cors, rule: CorsRule, origin: str) -> dict[str, str]:
    headers = {"Access-Control-Allow-Origin": "*" if "*" in rule.origins else origin}
    if rule.exposed:
        headers["Access-Control-Expose-Headers"] = ", ".join(rule.exposed)
    if cors.vary:
        headers["Vary"] = "Origin"
    return headers


def _rule(element: ElementTree.Element) -> CorsRule:
    def texts(name: str) -> tuple[str, ...]:
        return tuple((child.text or "").strip() for child in element.findall(name))

    return CorsRule(
        origins=texts("AllowedOrigin"),
        methods=tuple(method for method in texts("AllowedMethod") if method in METHODS),
        headers=texts("AllowedHeader"),
        exposed=texts("ExposeHeader"),
        max_age=element.findtext("MaxAgeSeconds", "").strip(),
    )


def _matches(pattern: str, text: str) -> bool:
    """A pattern may contain one `*`."""
    before, star, after = pattern.partition("*")
    return bool(re.fullmatch(re.escape(before) + (".*" if star else "") + re.escape(after), text))
