"""The clients of phone apps, which no test can run: their forms are written byte for byte."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from tests.clients import writers
from tests.clients.client import Client

_app: Callable[..., Client] = partial(
    Client, family="apps", shows_progress=False, how="by its bytes"
)

_REACT_NATIVE = (
    "Give `uri`, `type` and `name`, all three: Android refuses a file part without a type. Do not "
    "set `Content-Type` yourself: the boundary would be lost.",
    "0.74.0 to 0.75.4 and 0.76.0 to 0.76.7 add `filename*` to the file's part, which OSS refuses: "
    "update to 0.75.5, 0.76.8, 0.77 or newer.",
    "Since then the name is percent-encoded. With a directory grant, `${filename}` would put that "
    "into the key: use file grants.",
    "On iOS the headers of a part come out of a dictionary, so their order is not guaranteed; no "
    "report of a wrong one was found. The whole form is in memory there.",
    "`fetch` reports no progress; `XMLHttpRequest` with the same form does.",
    "In the background: react-native-blob-util writes the form in the right order. "
    "react-native-background-upload had a line break before the form on iOS (its issue 82).",
    "`expo/fetch` takes Blob and File objects, not `{uri, type, name}`.",
)
REACT_NATIVE_ANDROID = _app(
    "React Native, Android",
    "entries/react-native.js",
    section="React Native",
    notes=_REACT_NATIVE,
    version="0.77 and newer",
    write=writers.react_native_android,
    evidence="FormData.js and NetworkingModule.kt of React Native, MultipartBody of OkHttp 4",
)
REACT_NATIVE_IOS = _app(
    "React Native, iOS",
    "entries/react-native.js",
    section="React Native",
    notes=_REACT_NATIVE,
    version="0.77 and newer",
    write=writers.react_native_ios,
    evidence="FormData.js and RCTNetworking.mm of React Native",
)
DIO = _app(
    "Flutter, dio",
    "entries/dio.dart",
    notes=(
        "dio writes the fields before the files, and the disposition first, since 3.0.5.",
        "By default it throws on 4xx without the text of OSS's error: hence `validateStatus`, and "
        "`plain`, because the error is XML.",
        "`onSendProgress` reports progress, `MultipartFile.fromFile` streams.",
        "`MultipartRequest` of package:http puts the file's `Content-Type` first, and OSS refuses "
        "the form (dart-lang/http#676): use dio.",
    ),
    version="3.0.5 and newer",
    write=writers.dio,
    evidence="form_data.dart of dio; cfug/dio#534 shows OSS refuse the order that 3.0.4 had",
)
ALAMOFIRE = _app(
    "Alamofire",
    "entries/alamofire.swift",
    notes=(
        "Alamofire 4 kept a part's headers in a dictionary, in random order (Alamofire#2555).",
        "A Swift dictionary shuffles the fields. That does no harm as long as the file comes last.",
    ),
    version="5",
    write=writers.alamofire,
    evidence="MultipartFormData.swift of Alamofire 5",
)
URL_SESSION = _app(
    "URLSession",
    "entries/url-session.swift",
    notes=(
        "The system may delay a background task, and a grant may expire meanwhile: raise "
        "`POLICY_SECONDS`, or request the grant and upload in the foreground.",
        "`task.progress` counts the whole form.",
    ),
    version="any",
    write=writers.url_session,
    evidence="the code above writes each of them",
)
HARMONY = _app(
    "HarmonyOS, request.uploadFile",
    "entries/harmony.ets",
    notes=(
        "`type` is an extension, not a content type. The app needs ohos.permission.INTERNET.",
        "Progress is not reported in the background.",
        "Its documents show neither the order of `data` and `files` on the wire nor a part's "
        "headers: try one upload before you build on it.",
        "`rcp`'s `MultipartForm` takes `{contentType, remoteFileName, contentOrPath}`; give each "
        "field's type, or it is sent as JSON.",
    ),
    version="API 9 and newer",
    write=writers.harmony,
    evidence="what they say, and the usual form where they are silent",
    how="by its documents",
)
APPS = (REACT_NATIVE_ANDROID, REACT_NATIVE_IOS, DIO, ALAMOFIRE, URL_SESSION, HARMONY)
