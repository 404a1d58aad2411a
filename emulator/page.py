"""Serves the upload page as a static site would, and tells it where the function is."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from werkzeug.exceptions import NotFound
from werkzeug.middleware.shared_data import SharedDataMiddleware
from werkzeug.wrappers import Request, Response

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class Page:
    """A WSGI application: the files of a folder, and `/config.json` for them.

    Its Content-Security-Policy lets the page connect only to the function and to OSS, so that a
    request to anywhere else fails during development rather than in front of a user. Its
    scripts post the files, so that it submits no form.
    """

    def __init__(self, directory: Path, *, function_url: str, oss_url: str) -> None:
        self._config = {"endpoint": function_url}
        self._policy = (
            f"default-src 'self'; connect-src 'self' {function_url} {oss_url}; "
            "img-src 'self' blob: data:; frame-ancestors 'none'; "
            "base-uri 'none'; form-action 'none'"
        )
        files: WSGIApplication = SharedDataMiddleware(
            NotFound(), {"/": str(directory)}, cache=False
        )
        self._files = files

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        if request.path == "/config.json":
            response = Response(json.dumps(self._config), mimetype="application/json")
        else:
            if request.path == "/":
                environ["PATH_INFO"] = "/index.html"
            response = Response.from_app(self._files, environ)
        response.headers["Content-Security-Policy"] = self._policy
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Cache-Control"] = "no-store"
        return response(environ, start_response)
