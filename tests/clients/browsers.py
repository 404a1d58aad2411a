"""The clients that the tests drive in Chromium, and what a reader should know about each."""

from __future__ import annotations

from tests.clients.client import Client

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
ELEMENT_PLUS = Client(
    "Element Plus's Upload",
    "entries/element-plus.js",
    notes=(
        "`ajaxUpload` is Element Plus's own way to send a form, the file last; it is not exported "
        "at the top.",
        "With `:data` as an async function a refusal would make the file disappear without a word.",
        "Vant's Uploader posts nothing by itself: call `upload()` of this project in `after-read`.",
    ),
    packages=("element-plus",),
)
ARCO = Client(
    "Arco Design's Upload (Vue)",
    "entries/arco.js",
    packages=("@arco-design/web-vue",),
)
NAIVE_UI = Client(
    "Naive UI's Upload",
    "entries/naive-ui.js",
    packages=("naive-ui",),
)
LAYUI = Client(
    "layui's upload",
    "entries/layui.js",
    notes=(
        "It serves one file at a time: fields belong to the uploader, not to a file.",
        "For every failure it also shows a message of its own; `text.error` changes it.",
    ),
    packages=("layui",),
)
BROWSERS = (
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
    ELEMENT_PLUS,
    ARCO,
    NAIVE_UI,
    LAYUI,
)
