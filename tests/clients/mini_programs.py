"""The clients of mini programs: on stubs of the platforms, and as pages (H5) in Chromium."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from tests.clients.client import Client, Program

_mini: Callable[..., Client] = partial(Client, family="mini-programs")
_stub: Callable[..., Client] = partial(
    _mini, programs=(Program("node", "nodejs", oldest=20),), how="by its documents"
)

_MODULE = (
    "`platform` is `wx`, `my`, `uni` or `Taro`; the rest is the same for all.",
    "It renews an expired grant, tries transient failures again, reports each refusal as an error "
    "with a code, and cancels with `signal: new Canceller().signal`.",
    "Give `name` where the platform knows it (`chooseMessageFile`); else it is the end of the "
    "path. `.image`, `.video` and `.audio` of Alipay become `.jpg`, `.mp4` and `.mp3`.",
    "Without `size` the progress counts the whole form.",
)
MODULE_WX, MODULE_MY, MODULE_UNI, MODULE_TARO = (
    _stub(
        f"miniprogram.js on {platform}",
        f"entries/mini-{platform.lower()}.mjs",
        section="This project's miniprogram.js",
        notes=_MODULE,
        version="of this repository",
    )
    for platform in ("wx", "my", "uni", "Taro")
)
MODULE_TARO_H5 = _mini(
    "miniprogram.js on Taro, H5",
    "entries/mini-taro-h5.js",
    section="This project's miniprogram.js",
    notes=_MODULE,
    packages=("@tarojs/taro-h5",),
)
MODULE_UNI_H5 = _mini(
    "miniprogram.js on uni-app, H5",
    "entries/mini-uni-h5.js",
    section="This project's miniprogram.js",
    notes=_MODULE,
    packages=("@dcloudio/uni-h5",),
)
WX = _stub(
    "wx.uploadFile",
    "entries/wx.mjs",
    version="WeChat",
    shows_progress=False,
    notes=(
        "`uploadFile` returns a task: `onProgressUpdate` reports progress, `abort()` cancels.",
        "With a callback, `data` is JSON as text, and a status of 203 means: stored, but the "
        "callback failed.",
    ),
)
MY = _stub(
    "my.uploadFile",
    "entries/my.mjs",
    version="Alipay",
    shows_progress=False,
    notes=(
        "`fileType` is required and knows three kinds; whether other files (PDF) pass is not "
        "documented.",
        "Do not set `Content-Type`.",
    ),
)
TARO_H5 = _mini(
    "Taro.uploadFile, H5",
    "entries/taro-h5.js",
    packages=("@tarojs/taro-h5",),
    notes=(
        "`withCredentials: false`: Taro's pages send cookies by default, which the bucket's CORS "
        "response does not allow. The browser stops after the preflight, or the object is stored "
        "and the page reports a failure (NervJS/taro#6047, #12520).",
        "On WeChat and Alipay the same call becomes `wx.uploadFile` and `my.uploadFile`; add "
        "`fileType` for Alipay.",
        "No `content-type` in `header`: copied code often has one, and the boundary is lost.",
    ),
)
UNI_H5 = _mini(
    "uni.uploadFile, H5",
    "entries/uni-h5.js",
    packages=("@dcloudio/uni-h5",),
    notes=(
        "Every HTTP status arrives in `success`: check it.",
        "One file in each call: two `files` make two file parts, which OSS refuses.",
        "No `content-type` in `header`: the boundary would be lost.",
        "On apps, WeChat and Alipay the call is the same; add `fileType` for Alipay.",
    ),
)
MINI_PROGRAMS = (
    MODULE_WX,
    MODULE_MY,
    MODULE_UNI,
    MODULE_TARO,
    MODULE_TARO_H5,
    MODULE_UNI_H5,
    WX,
    MY,
    TARO_H5,
    UNI_H5,
)
