"""Which origins may call the function, through the whole handler."""

from __future__ import annotations

import pytest

from direct_upload.errors import Misconfigured
from direct_upload.http.origins import parse_origins
from tests.function.invocations import ENVIRON, invoke

LISTED = (
    "https://app.example.com, http://localhost:5173,HTTPS://Shop.Example.com:443/ , https://例子.cn,"
    "capacitor://localhost, Ionic://localhost/,tauri://localhost,app://-,http://tauri.localhost,"
    "chrome-extension://gighmmpiobklfepjocnamgkkbiglidom,"
    "safari-web-extension://A1B2C3D4-0000-4000-8000-0123456789AB,x-app://host:8080,,"
)


@pytest.mark.parametrize(
    "origin",
    [
        pytest.param("https://app.example.com", id="listed"),
        pytest.param("http://localhost:5173", id="with a port"),
        pytest.param("https://shop.example.com", id="listed in capitals, with port and slash"),
        pytest.param("https://xn--fsqu00a.cn", id="IDN as browsers send it"),
        pytest.param("capacitor://localhost", id="Capacitor on iOS"),
        pytest.param("ionic://localhost", id="Ionic, listed with a capital and a slash"),
        pytest.param("tauri://localhost", id="Tauri on macOS"),
        pytest.param("http://tauri.localhost", id="Tauri on Windows"),
        pytest.param("app://-", id="Electron"),
        pytest.param("chrome-extension://gighmmpiobklfepjocnamgkkbiglidom", id="extension"),
        pytest.param(
            "safari-web-extension://A1B2C3D4-0000-4000-8000-0123456789AB", id="capitals kept"
        ),
        pytest.param("x-app://host:8080", id="an app's own scheme, with a port"),
    ],
)
def test_serves_a_listed_origin_and_allows_only_it(origin: str) -> None:
    response = invoke(ENVIRON | {"ALLOWED_ORIGINS": LISTED}, headers={"Origin": origin})
    assert response.status == 200
    assert response.headers["Access-Control-Allow-Origin"] == origin
    assert response.headers["Access-Control-Expose-Headers"] == "Retry-After"
    assert response.headers["Vary"] == "Origin"


@pytest.mark.parametrize(
    "origin",
    [
        pytest.param("https://app.example.com.evil.com", id="longer host"),
        pytest.param("https://evil-app.example.com", id="longer label"),
        pytest.param("https://example.com", id="parent domain"),
        pytest.param("https://x.app.example.com", id="subdomain"),
        pytest.param("http://app.example.com", id="other scheme"),
        pytest.param("https://app.example.com:8443", id="other port"),
        pytest.param("https://app.example.com:443", id="default port, as no browser sends it"),
        pytest.param("https://app.example.com/", id="trailing slash, as no browser sends it"),
        pytest.param("HTTPS://APP.EXAMPLE.COM", id="capitals, as no browser sends them"),
        pytest.param("http://localhost", id="without the port"),
        pytest.param("https://例子.cn", id="IDN in Unicode"),
        pytest.param("capacitor://localhost:80", id="an app's, with a port"),
        pytest.param("capacitor://localhost.evil.com", id="an app's scheme, another host"),
        pytest.param("evil://localhost", id="another app's scheme"),
        pytest.param("https://localhost", id="an app's host on the web"),
        pytest.param("null", id="null"),
        pytest.param("", id="empty"),
        pytest.param("https://app.example.com,https://evil.com", id="two, joined by FC"),
        pytest.param("*", id="star"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
def test_refuses_any_other_origin(method: str, origin: str) -> None:
    response = invoke(ENVIRON | {"ALLOWED_ORIGINS": LISTED}, method, headers={"Origin": origin})
    assert (response.status, response.code) == (403, "origin_not_allowed")
    assert "Access-Control-Allow-Origin" not in response.headers
    assert response.headers["Vary"] == "Origin"


def test_serves_a_request_without_the_header() -> None:
    response = invoke(ENVIRON)
    assert response.status == 200
    assert "Access-Control-Allow-Origin" not in response.headers


@pytest.mark.parametrize("origin", ["https://anyone.example", "null"])
def test_star_allows_every_origin(origin: str) -> None:
    response = invoke(ENVIRON | {"ALLOWED_ORIGINS": "*"}, headers={"origin": origin})
    assert response.status == 200
    assert response.headers["Access-Control-Allow-Origin"] == "*"


def test_without_the_setting_no_origin_is_allowed() -> None:
    response = invoke(
        ENVIRON | {"ALLOWED_ORIGINS": ""}, headers={"Origin": "https://app.example.com"}
    )
    assert response.status == 403


@pytest.mark.parametrize(
    "setting",
    [
        pytest.param("app.example.com", id="no scheme"),
        pytest.param("https://", id="no host"),
        pytest.param("https://*.example.com", id="wildcard"),
        pytest.param("https://a.example.com/path", id="path"),
        pytest.param("https://a.example.com?q", id="query"),
        pytest.param("https://a.example.com#f", id="fragment"),
        pytest.param("https://user@a.example.com", id="user-info"),
        pytest.param("https://a.example.com:port", id="port that is not a number"),
        pytest.param("ftp://a.example.com", id="FTP"),
        pytest.param("wss://a.example.com", id="a web socket's"),
        pytest.param("FILE://a.example.com", id="a file's, which is null"),
        pytest.param("file:///index.html", id="a file"),
        pytest.param("capacitor://", id="an app without a host"),
        pytest.param("capacitor://localhost/path", id="an app with a path"),
        pytest.param("capacitor://localhost?q", id="an app with a query"),
        pytest.param("capacitor://user@localhost", id="an app with user-info"),
        pytest.param("capacitor://localhost:", id="an app with an empty port"),
        pytest.param("capacitor://localhost:port", id="an app with a bad port"),
        pytest.param("chrome-extension://*", id="every extension"),
        pytest.param("1app://localhost", id="a scheme that begins with a digit"),
        pytest.param("null", id="null"),
        pytest.param("*,https://a.example.com", id="star with others"),
        pytest.param("https://a.example.com https://b.example.com", id="space instead of comma"),
        pytest.param("https://" + "例" * 70 + ".cn", id="label too long"),
        pytest.param("https://faß.de", id="a letter that browsers and Python encode differently"),
        pytest.param("https://ｅxample.com", id="full-width letter"),
        pytest.param("https://a.example\t.com", id="tab, which parsers drop"),
        pytest.param("https://a.example\x7f", id="control character"),
        pytest.param("https://a.example\\", id="backslash"),
        pytest.param("https://a.example\\b", id="backslash inside"),
        pytest.param("https://a.example/\\", id="backslash after the slash"),
        pytest.param("https://a.example:443\\", id="backslash after the port"),
        pytest.param("https:\\\\a.example", id="backslashes for slashes"),
        pytest.param("https://a%2eexample.com", id="percent-encoded dot"),
        pytest.param("https://a.example;https://b.example", id="semicolon instead of comma"),
    ],
)
def test_refuses_a_setting_that_is_not_a_list_of_origins(setting: str) -> None:
    with pytest.raises(Misconfigured, match="ALLOWED_ORIGINS"):
        parse_origins(setting)
    response = invoke(ENVIRON | {"ALLOWED_ORIGINS": setting})
    assert (response.status, response.code) == (500, "misconfigured")


@pytest.mark.parametrize("setting", ["", ",", " , ,", "https://a.example,,", ",https://a.example"])
def test_empty_items_count_for_nothing(setting: str) -> None:
    assert parse_origins(setting).listed == set(filter(None, [setting.strip(" ,")]))


def test_ipv6_keeps_its_brackets() -> None:
    assert parse_origins("http://[::1]:3000").listed == {"http://[::1]:3000"}


@pytest.mark.parametrize("path", ["/", "/sign", "/s3/params", "/nowhere"])
def test_a_preflight_needs_neither_route_nor_settings(path: str) -> None:
    environ = ENVIRON | {"OSS_BUCKET": ""}
    response = invoke(environ, "OPTIONS", path, headers={"Origin": "https://app.example.com"})
    assert response.status == 204
    assert response.document is None
    assert response.headers["Access-Control-Allow-Origin"] == "https://app.example.com"
    assert response.headers["Access-Control-Allow-Methods"] == "GET, HEAD, POST, DELETE"
    assert response.headers["Access-Control-Allow-Headers"] == "authorization, content-type"
