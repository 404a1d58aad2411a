"""Serves the upload page as a static site would, and says where the function and tokens are."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from werkzeug.exceptions import NotFound
from werkzeug.middleware.shared_data import SharedDataMiddleware
from werkzeug.wrappers import Request, Response

from .issuer import Issuer
from .server import utc_now

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


# The element's style sheet, for browsers that need it in the document: docs/deploy.md says which.
STYLE_HASH = "'sha256-s07v2DVpp/GaTnWdRtPYWobGol9Nq9vGXPRhFT5Jx2I='"
JWKS_PATH = "/issuer/jwks.json"
TOKEN_PATH = "/issuer/token"  # noqa: S105
DEFAULT_USER = "developer"


class Page:
    """A WSGI application: the files of a folder, and `/config.json` for them.

    With an issuer also its keys, and its tokens: `/issuer/token?user=alice&role=clerk` signs alice
    in, who then has the claim `role`. Other origins cannot read tokens: no CORS header allows it.

    Its Content-Security-Policy lets the page connect only to the function and to OSS, so that a
    request to anywhere else fails during development rather than in front of a user. No form may
    be submitted, since scripts post the files.
    """

    def __init__(
        self, directory: Path, *, function_url: str, oss_url: str, issuer: Issuer | None = None
    ) -> None:
        self._config = {"endpoint": function_url} | ({"token": TOKEN_PATH} if issuer else {})
        self._issuer = issuer
        self._policy = (
            f"default-src 'self'; connect-src 'self' {function_url} {oss_url}; "
            f"style-src 'self' {STYLE_HASH}; frame-ancestors 'none'; "
            "base-uri 'none'; form-action 'none'"
        )
        self._files: WSGIApplication = SharedDataMiddleware(
            NotFound(), {"/": str(directory)}, cache=False
        )

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        document = self._document(request)
        if document is not None:
            response = Response(json.dumps(document), mimetype="application/json")
        else:
            if request.path == "/":
                environ["PATH_INFO"] = "/index.html"
            # Buffered, which closes the file: werkzeug does not when a browser hangs up.
            response = Response.from_app(self._files, environ, buffered=True)
        response.headers["Content-Security-Policy"] = self._policy
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Cache-Control"] = "no-store"
        return response(environ, start_response)

    def _document(self, request: Request) -> object | None:
        """The JSON document at this path; None if the path is that of a file."""
        if request.path == "/config.json":
            return self._config
        if self._issuer and request.path == JWKS_PATH:
            return self._issuer.jwks()
        if self._issuer and request.path == TOKEN_PATH:
            claims = {
                name: values[0] if len(values) == 1 else values
                for name, values in request.args.lists()
                if name != "user"
            }
            user = request.args.get("user") or DEFAULT_USER
            return {"token": self._issuer.token(user, claims, utc_now())}
        return None
