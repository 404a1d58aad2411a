"""The upload clients that the tests drive, and what a reader should know about each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent

# Settings of the function, each NAME=value.
Settings = tuple[str, ...]
STRICT: Settings = ("AUTH=jwt", "SIGNATURE_VERSION=v4", "DIRECTORY_GRANTS=true")
OPPOSITES = {
    "AUTH=anonymous": "AUTH=jwt",
    "SIGNATURE_VERSION=v1": "SIGNATURE_VERSION=v4",
    "SIGNATURE_VERSION=v4": "SIGNATURE_VERSION=v1",
    "DIRECTORY_GRANTS=true": "DIRECTORY_GRANTS=false",
}
WITH_CALLBACK: Settings = ("CALLBACK_URL={function}/callback",)


def changed(settings: Settings, changes: Settings) -> Settings:
    """The settings, with changes replacing those of the same name."""
    names = {change.partition("=")[0] for change in changes}
    kept = [setting for setting in settings if setting.partition("=")[0] not in names]
    return tuple(sorted((*kept, *changes)))


@dataclass(frozen=True)
class Client:
    """One way to upload: the code that sets it up, and the settings that it needs.

    `packages` are folders in node_modules. `shows_progress` is False if a client cannot show
    progress.
    """

    title: str
    entry: str
    route: str
    notes: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    version: str = ""  # if there is no package
    needs: Settings = ()
    shows_progress: bool = True

    @property
    def settings(self) -> Settings:
        """The strictest settings that it works with."""
        return changed(STRICT, self.needs)

    @property
    def sends_token(self) -> bool:
        return "AUTH=jwt" in self.settings

    @property
    def name(self) -> str:
        return Path(self.entry).stem

    @property
    def requests_file_grants(self) -> bool:
        return self.route in ("POST /sign", "GET /s3/params")


REQUESTS_LIKE_THE_TOPIC = (
    "It requests the grant without a token, as the topic's page does. With `AUTH=jwt`, add an "
    "`Authorization` header to its fetch."
)
OWN = Client(
    "This project's upload.js",
    "entries/own.js",
    "POST /sign",
    (
        "One file without dependencies, imported as it is. It also cancels, retries and renews its "
        "grant.",
    ),
    version="of this repository",
)
UPPY_6_SIGN_REQUEST = Client(
    "Uppy 6, signRequest",
    "entries/uppy-sign-request.js",
    "POST /sign",
    (
        "Uppy 6 before 6.3 ignores `fields`, so it does not work this way.",
        "`signRequest` does not get the size, so the grant allows the whole range of sizes.",
        "`fields.key` overrides the key that Uppy proposes.",
    ),
    packages=("@uppy/aws-s3", "@uppy/core"),
)
UPPY_6_COMPANION = Client(
    "Uppy 6, companionEndpoint",
    "entries/uppy-companion.js",
    "GET /s3/params",
    (
        "It has no option for headers, and so none for a token: with `AUTH=jwt` use `signRequest`.",
        "Of a refusal it shows only the HTTP status text, and HTTP/2 has none.",
    ),
    packages=("@uppy/aws-s3", "@uppy/core"),
    needs=("AUTH=anonymous",),
)
UPPY_5_PARAMETERS = Client(
    "Uppy 5, getUploadParameters",
    "uppy-5/get-upload-parameters.js",
    "POST /sign",
    (
        "Take the key from `body.key` of `upload-success`; `uploadURL` lacks it.",
        "The console message about `Location` does no harm: OSS does not send that header.",
        "It waits forever unless the bucket's CORS rule exposes `ETag`.",
    ),
    packages=("uppy-5/node_modules/@uppy/aws-s3", "uppy-5/node_modules/@uppy/core"),
)
UPPY_5_COMPANION = Client(
    "Uppy 5, endpoint (Companion)",
    "uppy-5/companion.js",
    "GET /s3/params",
    (
        "Unlike `companionEndpoint` of Uppy 6, it can send headers, and so a token.",
        "The notes on `uploadURL`, `Location` and `ETag` of `getUploadParameters` apply here, too.",
    ),
    packages=("uppy-5/node_modules/@uppy/aws-s3", "uppy-5/node_modules/@uppy/core"),
)
UPPY_XHR = Client(
    "Uppy XHR Upload",
    "entries/uppy-xhr-upload.js",
    "POST /sign",
    (
        "It requests the grants of a whole batch before the first upload, so a long queue may "
        "outlast `POLICY_SECONDS`.",
        "The key is in the file's `meta.key`.",
    ),
    packages=("@uppy/xhr-upload", "@uppy/core"),
)
PLUPLOAD = Client(
    "plupload",
    "entries/plupload.js",
    "GET /",
    (
        "The form of the topic's classic page, with the one additional field that temporary "
        "credentials need: `x-oss-security-token`.",
        REQUESTS_LIKE_THE_TOPIC,
        "One grant serves all files that are chosen together; request another one when its "
        "`expires` seconds have passed.",
        "plupload is licensed under the AGPL or a commercial licence.",
    ),
    packages=("plupload",),
    needs=("AUTH=anonymous", "DIRECTORY_GRANTS=true", "SIGNATURE_VERSION=v1"),
)
DOCUMENTATION_PAGE = Client(
    "The documentation's page (fetch, V4)",
    "entries/documentation-page.js",
    "GET /get_post_signature_for_oss_upload",
    (
        "It fills in every field from the flat members, as that page does.",
        "It names its own object, below `dir`.",
        REQUESTS_LIKE_THE_TOPIC,
    ),
    version="the browser's own fetch",
    needs=("AUTH=anonymous", "DIRECTORY_GRANTS=true", "SIGNATURE_VERSION=v4"),
    shows_progress=False,
)
FETCH = Client(
    "fetch",
    "entries/fetch.js",
    "POST /sign",
    ("fetch does not report an upload's progress; use XMLHttpRequest where that matters.",),
    version="the browser's own",
    shows_progress=False,
)
AXIOS = Client(
    "axios",
    "entries/axios.js",
    "POST /sign",
    ("`postForm` keeps the order of the members, so the file comes last.",),
    packages=("axios",),
)
FILEPOND = Client(
    "FilePond",
    "entries/filepond.js",
    "POST /sign",
    (
        "`server.process` is a function, so that each file gets its own grant. Its `serverId` is "
        "the object's key.",
        "`revert: null`, because a grant does not allow deleting.",
    ),
    packages=("filepond",),
)
ANTD = Client(
    "Ant Design's Upload",
    "entries/antd.js",
    "POST /sign",
    (
        "The test drives `@rc-component/upload`, which antd's `Upload` wraps and passes its "
        "properties to.",
    ),
    packages=("@rc-component/upload",),
)
BROWSER_CLIENTS = (
    OWN,
    UPPY_6_SIGN_REQUEST,
    UPPY_6_COMPANION,
    UPPY_5_PARAMETERS,
    UPPY_5_COMPANION,
    UPPY_XHR,
    PLUPLOAD,
    DOCUMENTATION_PAGE,
    FETCH,
    AXIOS,
    FILEPOND,
    ANTD,
)
CURL = Client(
    "curl",
    "entries/curl.sh",
    "POST /sign",
    (
        "Use `--form-string`, not `--form`: of `Content-Disposition=attachment; filename*=...` "
        "`--form` sends only what precedes the `;`, and OSS refuses the form.",
        '`--form "file=@..."` comes last.',
    ),
    version="the system's",
    shows_progress=False,
)
CLIENTS = (*BROWSER_CLIENTS, CURL)

# For docs/resumable.md: large files in parts, which clients.md does not compare.
MULTIPART: Settings = (
    "MULTIPART=true",
    "GRANT_SECRET=0123456789abcdef0123456789abcdef",
    "MAX_UPLOAD_BYTES=1000000000",
)
UPPY_6_MULTIPART = Client(
    "Uppy 6",
    "entries/uppy-multipart.js",
    "POST /s3/multipart",
    packages=("@uppy/aws-s3", "@uppy/core"),
    needs=("AUTH=anonymous", *MULTIPART),
)
UPPY_5_MULTIPART = Client(
    "Uppy 5",
    "uppy-5/multipart.js",
    "POST /s3/multipart",
    packages=("uppy-5/node_modules/@uppy/aws-s3", "uppy-5/node_modules/@uppy/core"),
    needs=MULTIPART,
)
RESUMABLE_CLIENTS = (UPPY_6_MULTIPART, UPPY_5_MULTIPART)
