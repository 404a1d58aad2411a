"""The upload clients that are driven, and what a reader should know of each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent

# The settings of the harnesses that clients meet, besides those that every one has.
SETTINGS = {
    "jwt": {"AUTH": "jwt", "SIGNATURE_VERSION": "v4", "DIRECTORY_GRANTS": "true"},
    "anonymous": {"AUTH": "anonymous", "SIGNATURE_VERSION": "v4", "DIRECTORY_GRANTS": "true"},
    "v1": {"AUTH": "anonymous", "SIGNATURE_VERSION": "v1", "DIRECTORY_GRANTS": "true"},
    "files only": {"AUTH": "anonymous", "SIGNATURE_VERSION": "v4", "DIRECTORY_GRANTS": "false"},
}


@dataclass(frozen=True)
class Client:
    """One way to upload: the code that sets it up, and the settings that it meets.

    `misfits` are settings that it does not work with; `shows_progress` is False where a client
    has no progress to show. `packages` are folders of node_modules.
    """

    title: str
    entry: str
    route: str
    notes: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    version: str = ""  # where there is no package
    settings: str = "jwt"
    misfits: tuple[str, ...] = ()
    shows_progress: bool = True

    @property
    def name(self) -> str:
        return Path(self.entry).stem

    @property
    def asks_for_file_grants(self) -> bool:
        return self.route in ("POST /sign", "GET /s3/params")


OWN = Client(
    "This project's upload.js",
    "entries/own.js",
    "POST /sign",
    ("One file without dependencies, imported as it is; it also repeats, renews and cancels.",),
    version="of this repository",
)
UPPY_6_SIGN_REQUEST = Client(
    "Uppy 6, signRequest",
    "entries/uppy-sign-request.js",
    "POST /sign",
    (
        "Since 6.3 `signRequest` may return `fields`; they are posted with the file last.",
        "`signRequest` is not told the size, so the grant allows the whole range of sizes.",
        "`fields.key` wins over the key that Uppy proposes.",
    ),
    packages=("@uppy/aws-s3", "@uppy/core"),
)
UPPY_6_COMPANION = Client(
    "Uppy 6, companionEndpoint",
    "entries/uppy-companion.js",
    "GET /s3/params",
    (
        "It has no option for headers, so none for a token: where callers must be known, use "
        "`signRequest`.",
        "Of a refusal it tells the HTTP status text alone, and HTTP/2 has none.",
    ),
    packages=("@uppy/aws-s3", "@uppy/core"),
    settings="anonymous",
    misfits=("jwt",),
)
UPPY_5_PARAMETERS = Client(
    "Uppy 5, getUploadParameters",
    "uppy-5/get-upload-parameters.js",
    "POST /sign",
    (
        "`uploadURL` lacks the key; take `body.key` of `upload-success`.",
        "The complaint about `Location` does no harm: OSS sends none.",
        "It waits for ever unless the bucket's CORS rule exposes `ETag`.",
    ),
    packages=("uppy-5/node_modules/@uppy/aws-s3", "uppy-5/node_modules/@uppy/core"),
)
UPPY_5_COMPANION = Client(
    "Uppy 5, endpoint (Companion)",
    "uppy-5/companion.js",
    "GET /s3/params",
    (
        "Unlike Uppy 6 it can send headers.",
        "What `getUploadParameters` says of `uploadURL`, `Location` and `ETag` holds here, too.",
    ),
    packages=("uppy-5/node_modules/@uppy/aws-s3", "uppy-5/node_modules/@uppy/core"),
)
UPPY_XHR = Client(
    "Uppy XHR Upload",
    "entries/uppy-xhr-upload.js",
    "POST /sign",
    (
        "The grants of a whole batch are asked for before its first upload; a long queue may "
        "outlive `POLICY_SECONDS`.",
        "The key is in the file's `meta.key`.",
    ),
    packages=("@uppy/xhr-upload", "@uppy/core"),
)
PLUPLOAD = Client(
    "plupload",
    "entries/plupload.js",
    "GET /",
    (
        "The form of the topic's classic page, with the one field more that temporary "
        "credentials need: `x-oss-security-token`.",
        "plupload is under the AGPL or a commercial licence.",
    ),
    packages=("plupload",),
    settings="v1",
    misfits=("jwt", "anonymous"),
)
DOCUMENTATION_PAGE = Client(
    "The documentation's page (fetch, V4)",
    "entries/documentation-page.js",
    "GET /get_post_signature_for_oss_upload",
    (
        "Every flat member is put into its field by hand, as that page does.",
        "It names its object itself, below `dir`.",
    ),
    version="the browser's own fetch",
    settings="anonymous",
    misfits=("jwt", "v1", "files only"),
    shows_progress=False,
)
FETCH = Client(
    "fetch",
    "entries/fetch.js",
    "POST /sign",
    ("fetch tells nothing of an upload's progress; take XMLHttpRequest where that matters.",),
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
        "`server.process` is a function, so that each file gets a grant of its own; its "
        "`serverId` is the object's key.",
        "`revert: null`: a grant lets nobody delete.",
    ),
    packages=("filepond",),
)
ANTD = Client(
    "Ant Design's Upload",
    "entries/antd.js",
    "POST /sign",
    (
        "Driven is `@rc-component/upload`, to which antd's `Upload` hands these properties.",
        "`action` and `data` as functions work as well, but sign when a file is chosen and not "
        "when it is sent.",
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
        "`--form-string`, not `--form`: of `Content-Disposition=attachment; filename*=...` "
        "`--form` sends what stands before the `;` alone, and OSS refuses the form.",
        '`--form "file=@..."` comes last.',
    ),
    version="the system's",
    shows_progress=False,
)
CLIENTS = (*BROWSER_CLIENTS, CURL)
