"""The upload clients that are driven, and what a reader should know of each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent

# Settings of the function as clients meet them, each NAME=value.
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
    """The settings with others in the place of those of the same name."""
    names = {change.partition("=")[0] for change in changes}
    kept = [setting for setting in settings if setting.partition("=")[0] not in names]
    return tuple(sorted((*kept, *changes)))


@dataclass(frozen=True)
class Client:
    """One way to upload: the code that sets it up, and the settings that it cannot do without.

    `packages` are folders of node_modules. `shows_progress` is False where a client has no
    progress to show.
    """

    title: str
    entry: str
    route: str
    notes: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    version: str = ""  # where there is no package
    needs: Settings = ()
    shows_progress: bool = True

    @property
    def settings(self) -> Settings:
        """The strictest that it works with."""
        return changed(STRICT, self.needs)

    @property
    def sends_token(self) -> bool:
        return "AUTH=jwt" in self.settings

    @property
    def name(self) -> str:
        return Path(self.entry).stem

    @property
    def asks_for_file_grants(self) -> bool:
        return self.route in ("POST /sign", "GET /s3/params")


ASKS_AS_THE_TOPIC = (
    "It asks without a token, as the topic's page does; where `AUTH=jwt`, give its fetch an "
    "`Authorization` header."
)
OWN = Client(
    "This project's upload.js",
    "entries/own.js",
    "POST /sign",
    (
        "One file without dependencies, imported as it is; it also cancels, tries again and renews "
        "its grant.",
    ),
    version="of this repository",
)
UPPY_6_SIGN_REQUEST = Client(
    "Uppy 6, signRequest",
    "entries/uppy-sign-request.js",
    "POST /sign",
    (
        "Before 6.3 it ignored `fields`, so no older Uppy 6 works this way.",
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
    needs=("AUTH=anonymous",),
)
UPPY_5_PARAMETERS = Client(
    "Uppy 5, getUploadParameters",
    "uppy-5/get-upload-parameters.js",
    "POST /sign",
    (
        "Take the key from `body.key` of `upload-success`; `uploadURL` lacks it.",
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
        "Unlike `companionEndpoint` of Uppy 6 it can send headers, and so a token.",
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
        ASKS_AS_THE_TOPIC,
        "One grant serves all files of a choice; ask anew when its `expires` seconds have passed.",
        "plupload is under the AGPL or a commercial licence.",
    ),
    packages=("plupload",),
    needs=("AUTH=anonymous", "DIRECTORY_GRANTS=true", "SIGNATURE_VERSION=v1"),
)
DOCUMENTATION_PAGE = Client(
    "The documentation's page (fetch, V4)",
    "entries/documentation-page.js",
    "GET /get_post_signature_for_oss_upload",
    (
        "Every flat member is put into its field by hand, as that page does.",
        "It names its object itself, below `dir`.",
        ASKS_AS_THE_TOPIC,
    ),
    version="the browser's own fetch",
    needs=("AUTH=anonymous", "DIRECTORY_GRANTS=true", "SIGNATURE_VERSION=v4"),
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
        "The test drives `@rc-component/upload`, which antd's `Upload` wraps and hands its "
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
        "`--form-string`, not `--form`: of `Content-Disposition=attachment; filename*=...` "
        "`--form` sends what stands before the `;` alone, and OSS refuses the form.",
        '`--form "file=@..."` comes last.',
    ),
    version="the system's",
    shows_progress=False,
)
CLIENTS = (*BROWSER_CLIENTS, CURL)
