"""The clients that the tests run as programs: what servers, jobs and desktops upload with."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from tests.clients.client import Client, Program

NODE = Program("node", "nodejs", oldest=20)
GO = Program("go", "golang-go")
JAVA = Program("javac", "default-jdk-headless")
MONO = (Program("mcs", "mono-mcs"), Program("mono", "mono-runtime"))
HTTP_DLL = Program("/usr/lib/mono/4.5/System.Net.Http.dll", "libmono-system-net-http4.0-cil")

_server: Callable[..., Client] = partial(Client, family="servers", shows_progress=False)

CURL = _server(
    "curl",
    "entries/curl.sh",
    notes=(
        "Use `--form-string`, not `--form`: of `Content-Disposition=attachment; filename*=...` "
        "`--form` sends only what precedes the `;`, and OSS refuses the form.",
        "The file comes last, and its path in quotes: unquoted, `a,b.pdf` and `a;b.pdf` are not "
        "found. In the quotes, a quote or a backslash has a backslash before it.",
        "A program makes the JSON, because names contain quotes and backslashes, too.",
    ),
    version="the system's",
)
REQUESTS = _server("requests", "entries/python_requests.py", packages=("pypi:requests",))
HTTPX = _server("httpx", "entries/python_httpx.py", packages=("pypi:httpx",))
AIOHTTP = _server(
    "aiohttp",
    "entries/python_aiohttp.py",
    notes=(
        "urllib3 writes the form, in memory. aiohttp's own `FormData` puts `Content-Type` first in "
        "every part, and has no option against it.",
    ),
    packages=("pypi:aiohttp", "pypi:urllib3"),
)
NODE_FETCH = _server(
    "Node's fetch",
    "entries/node-fetch.mjs",
    notes=("It streams the file, but reports no progress.",),
    programs=(NODE,),
    version="Node's own",
)
UNDICI = _server("undici", "entries/node-undici.mjs", packages=("undici",), programs=(NODE,))
FORM_DATA = _server(
    "form-data", "entries/node-form-data.mjs", packages=("form-data",), programs=(NODE,)
)
NODE_AXIOS = _server(
    "axios on Node",
    "entries/node-axios.mjs",
    notes=("`postForm` throws an error for Node's own `File`: `source.on is not a function`.",),
    packages=("axios", "form-data"),
    programs=(NODE,),
)
GOT = _server("got", "entries/node-got.mjs", packages=("got",), programs=(NODE,))
GOLANG = _server(
    "Go's mime/multipart",
    "entries/multipart.go",
    notes=(
        "The order of a map does no harm: only the file must come last.",
        "`CreateFormFile` calls the file application/octet-stream; what counts is the grant's "
        "`x-oss-content-type`.",
    ),
    version="of the system's Go",
    programs=(GO,),
)


# One client for each generation.
OKHTTP = tuple(
    _server(
        f"OkHttp {version}",
        "entries/OkHttp.java",
        section="OkHttp",
        notes=(
            "`setType(MultipartBody.FORM)`: without it the form is multipart/mixed, which OSS "
            "refuses.",
            "OkHttp 3 and 4 put Content-Length into each part. OSS takes it today; in 2015 it did "
            "not.",
            "For progress, wrap the RequestBody and count what it writes.",
            "On Android use `Uri`'s stream or a file, WorkManager for uploads in the background, "
            "and request the grant inside the worker. An interceptor that adds `Authorization` "
            "must leave OSS's host out.",
        ),
        version=version,
        programs=(JAVA,),
        jars=(f"okhttp-{version[0]}",),
    )
    for version in ("3.14.9", "4.12.0", "5.5.0")
)
RETROFIT = tuple(
    _server(
        f"Retrofit {version}",
        "entries/Retrofit2.java",
        section="Retrofit",
        notes=(
            "Pass a MultipartBody as `@Body`. `@Part(...) RequestBody` and `@PartMap` write "
            "Content-Transfer-Encoding into each part.",
        ),
        version=f"with OkHttp {okhttp}",
        programs=(JAVA,),
        jars=(f"okhttp-{okhttp[0]}",),
    )
    for version, okhttp in (("2.9.0", "3.14.9"), ("2.11.0", "4.12.0"), ("3.0.0", "5.5.0"))
)
HTTP_CLIENT_4 = _server(
    "Apache HttpClient 4",
    "entries/HttpClient4.java",
    notes=(
        "The mode and the charset matter: strict mode, the default, writes "
        "Content-Transfer-Encoding into each part.",
    ),
    version="the system's (4.5.14 in Debian 12)",
    programs=(JAVA, Program("/usr/share/java/httpmime.jar", "libhttpmime-java")),
    jars=("httpclient", "httpcore", "httpmime", "commons-logging", "commons-codec"),
)
HTTP_CLIENT_5 = _server(
    "Apache HttpClient 5",
    "entries/HttpClient5.java",
    notes=("By itself it writes `charset` before `boundary`, which OSS may not understand.",),
    version="the system's (5.2.1 in Debian 12)",
    programs=(JAVA, Program("/usr/share/java/httpclient5.jar", "libhttpclient5-java")),
    jars=("httpclient5", "httpcore5", "httpcore5-h2", "slf4j-api"),
)
DOTNET = _server(
    ".NET's MultipartFormDataContent",
    "entries/MultipartFormData.cs",
    notes=(
        "Each line that looks odd is needed: by itself .NET quotes the boundary, does not quote "
        "names, puts the type of a StringContent first and repeats a file name as `filename*`.",
        "It was run on Mono. The sample of Alibaba's SDK for modern .NET does the same by hand.",
    ),
    version="of the system's Mono (6.8 in Debian 12)",
    programs=(*MONO, HTTP_DLL),
)
SERVERS = (
    CURL,
    REQUESTS,
    HTTPX,
    AIOHTTP,
    NODE_FETCH,
    UNDICI,
    FORM_DATA,
    NODE_AXIOS,
    GOT,
    GOLANG,
    *OKHTTP,
    *RETROFIT,
    HTTP_CLIENT_4,
    HTTP_CLIENT_5,
    DOTNET,
)
