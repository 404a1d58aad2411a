"""What goes wrong with clients as people first use them: what they see, and what cures it.

Each trap is run, too: the client's entry with a change, or another writer. The emulated OSS's
hint must name the client and the cure.
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.clients import apps, mini_programs, servers, writers
from tests.clients.client import Client
from tests.clients.writers import Writer

TYPE_FIRST = "MalformedPOSTRequest, EC 0006-00000109"
MALFORMED = "MalformedPOSTRequest, EC 0006-00000104"
NO_BOUNDARY = "MalformedPOSTRequest"
UNRECOGNIZED = "InvalidArgument"
TOO_LONG = "FieldItemTooLong, EC 0006-00000110"
NOT_A_FORM = "RequestIsNotMultiPartContent"
TWO_FILES = "IncorrectNumberOfFilesInPOSTRequest"


@dataclass(frozen=True)
class Trap:
    """`changes` replace texts of the client's entry; `hint` has words of the emulator's hint.

    `symptom` is OSS's code and EC.
    """

    symptom: str
    cause: str
    cure: str
    client: Client
    hint: tuple[str, ...]
    changes: tuple[tuple[str, str], ...] = ()
    write: Writer | None = None

    @property
    def how(self) -> str:
        return "by its bytes" if self.write else self.client.how


TRAPS = (
    Trap(
        TYPE_FIRST,
        "aiohttp's `FormData`: `Content-Type` first in every part",
        "let urllib3 write the form ([aiohttp](clients/servers.md#aiohttp))",
        servers.AIOHTTP,
        ("aiohttp's FormData", "requests or httpx"),
        (
            (
                '        headers = {"Content-Type": content_type}\n',
                '        form = aiohttp.FormData(list(grant["fields"].items()))\n'
                '        form.add_field("file", path.read_bytes(), filename="upload")\n',
            ),
            ("data=body, headers=headers", "data=form"),
        ),
    ),
    Trap(
        TYPE_FIRST,
        "package:http's `MultipartRequest`: the file's type first",
        "use dio ([Flutter](clients/apps.md#flutter-dio))",
        apps.DIO,
        ("Dart's package http (use dio)",),
        write=writers.dart_http,
    ),
    Trap(
        TYPE_FIRST,
        "Alamofire 4: headers in random order",
        "use Alamofire 5 ([Alamofire](clients/apps.md#alamofire))",
        apps.ALAMOFIRE,
        ("Alamofire 4 (use 5)",),
        write=writers.alamofire_4,
    ),
    Trap(
        TYPE_FIRST,
        ".NET's `StringContent`: its type first",
        "`ByteArrayContent` ([.NET](clients/servers.md#nets-multipartformdatacontent))",
        servers.DOTNET,
        (".NET's StringContent (use ByteArrayContent)",),
        (
            (
                "new ByteArrayContent(Encoding.UTF8.GetBytes(field.Value))",
                "new StringContent(field.Value)",
            ),
        ),
    ),
    Trap(
        MALFORMED,
        '.NET: `boundary="..."` in quotes',
        "trim them ([.NET](clients/servers.md#nets-multipartformdatacontent))",
        servers.DOTNET,
        (".NET: p = form.Headers", "Trim"),
        (("boundary.Value = boundary.Value.Trim('\"');", ""),),
    ),
    Trap(
        MALFORMED,
        ".NET: `name=key` without quotes",
        "add them ([.NET](clients/servers.md#nets-multipartformdatacontent))",
        servers.DOTNET,
        (".NET: form.Add",),
        (('$"\\"{field.Key}\\""', "field.Key"),),
    ),
    Trap(
        MALFORMED,
        "Apache HttpClient 5: `charset` before `boundary`",
        "set the type without one ([HttpClient 5](clients/servers.md#apache-httpclient-5))",
        servers.HTTP_CLIENT_5,
        ("Apache HttpClient 5: setContentType",),
        (('form.setContentType(ContentType.create("multipart/form-data"));', ""),),
    ),
    Trap(
        MALFORMED,
        "react-native-background-upload on iOS: a line break before the form",
        "react-native-blob-util, or a foreground upload",
        apps.REACT_NATIVE_IOS,
        ("react-native-background-upload", "start the body with two hyphens"),
        write=writers.background_upload_ios,
    ),
    Trap(
        NO_BOUNDARY,
        "uni-app: a `content-type` in `header`",
        "leave it out",
        mini_programs.UNI_H5,
        ("Do not set this header yourself", "uni-app"),
        (
            (
                "filePath: path,",
                'filePath: path, header: { "content-type": "multipart/form-data" },',
            ),
        ),
    ),
    Trap(
        NO_BOUNDARY,
        "Taro: a `content-type` in `header`",
        "leave it out",
        mini_programs.TARO_H5,
        ("Do not set this header yourself", "Taro"),
        (
            (
                "filePath: path,",
                'filePath: path, header: { "content-type": "multipart/form-data" },',
            ),
        ),
    ),
    Trap(
        TWO_FILES,
        "uni-app: several files in `files`",
        "one call for each file",
        mini_programs.UNI_H5,
        ("uni.uploadFile",),
        (
            (
                "filePath: path,",
                'filePath: path, files: [{ name: "file", file, uri: path }, '
                '{ name: "file", file, uri: path }],',
            ),
        ),
    ),
    Trap(
        UNRECOGNIZED,
        "Retrofit's `@PartMap` or `@Part RequestBody`: Content-Transfer-Encoding in each part",
        "a `MultipartBody` as `@Body` ([Retrofit](clients/servers.md#retrofit))",
        servers.RETROFIT[1],
        ("Retrofit: pass a MultipartBody",),
        (
            (
                "    @POST\n"
                "    Call<ResponseBody> post(@Url String url, @Body MultipartBody form);",
                "    @POST\n    @retrofit2.http.Multipart\n    Call<ResponseBody> post("
                "@Url String url, @retrofit2.http.PartMap Map<String, RequestBody> form);",
            ),
            (
                "    Response<ResponseBody> response = oss.post(url, form.build()).execute();",
                "    Map<String, RequestBody> parts = new LinkedHashMap<>();\n"
                "    fields.forEach((n, v) -> parts.put(n, RequestBody.create(null, v)));\n"
                '    parts.put("file\\"; filename=\\"upload", RequestBody.create(type, file));\n'
                "    Response<ResponseBody> response = oss.post(url, parts).execute();",
            ),
        ),
    ),
    Trap(
        UNRECOGNIZED,
        "Apache HttpClient 4 in strict mode, its default",
        "`BROWSER_COMPATIBLE` ([HttpClient 4](clients/servers.md#apache-httpclient-4))",
        servers.HTTP_CLIENT_4,
        ("Apache HttpClient 4: setMode(BROWSER_COMPATIBLE)",),
        ((".setMode(HttpMultipartMode.BROWSER_COMPATIBLE)", ""),),
    ),
    Trap(
        TOO_LONG,
        "React Native 0.74.0 to 0.75.4 and 0.76.0 to 0.76.7: `filename*` in the file's part",
        "update to 0.75.5, 0.76.8, 0.77 or newer",
        apps.REACT_NATIVE_ANDROID,
        ("React Native 0.74.0 to 0.75.4", "0.77 do not"),
        write=writers.react_native_android_0_74,
    ),
    Trap(
        NOT_A_FORM,
        "OkHttp's `MultipartBody` without `setType`",
        "`setType(MultipartBody.FORM)` ([OkHttp](clients/servers.md#okhttp))",
        servers.OKHTTP[1],
        ("OkHttp's MultipartBody", "setType(MultipartBody.FORM)"),
        ((".setType(MultipartBody.FORM)", ""),),
    ),
)
