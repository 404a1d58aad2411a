"""What people upload every day, under the default setting and the README's four ready lines.

Each row has the name, the type that a browser or app sends with it (`-` where it knows none; as
Chrome, Firefox, Safari, WPS and mini programs name it on Windows, macOS, Linux or a phone), the
type that is stored, and the settings that admit the file.
"""

from __future__ import annotations

import json
import re

import pytest

from direct_upload.app import App
from tests.documents import Document
from tests.function.invocations import ENVIRON, NOW, Context, Response, event, invoke, read

LINES = dict(
    re.findall(
        r"# (\w+).*?\nALLOWED_CONTENT_TYPES=(.*?)\n",
        Document("README.md").block("ready lines"),
        re.DOTALL,
    )
)
# d: the default, p: pictures, o: office documents, s: sound and film, e: everything but programs.
SETTINGS = {
    "d": "",
    "p": LINES["pictures"],
    "o": LINES["office"],
    "s": LINES["sound"],
    "e": LINES["everything"],
}
APPS = {
    letter: App(ENVIRON | {"ALLOWED_CONTENT_TYPES": line}, lambda: NOW)
    for letter, line in SETTINGS.items()
}

PICTURES = """
IMG_0412.JPG; image/jpeg; image/jpeg; dp..e
photo.jpeg; image/jpeg; image/jpeg; dp..e
scan.jpe; image/jpeg; image/jpeg; dp..e
download.jfif; image/jpeg; image/jpeg; dp..e
old.pjpeg; image/pjpeg; image/jpeg; dp..e
old.pjp; image/jpeg; image/jpeg; dp..e
from an old form.jpg; image/jpg; image/jpeg; dp..e
微信图片_20261124093045.jpg; image/jpeg; image/jpeg; dp..e
mmexport1795502145123.jpg; -; image/jpeg; dp..e
Screenshot 2026-11-24 at 09.41.22.png; image/png; image/png; dp..e
截屏2026-11-24 上午9.41.22.png; image/x-png; image/png; dp..e
dance.gif; image/gif; image/gif; dp..e
photo.webp; image/webp; image/webp; dp..e
photo.avif; image/avif; image/avif; dp..e
IMG_2001.HEIC; image/heic; image/heic; dp..e
IMG_2002.heic; -; image/heic; dp..e
IMG_2003.heic; image/heif; image/heic; dp..e
burst.heif; image/heif; image/heif; dp..e
DSC00001.HIF; -; image/heif; dp..e
chart.bmp; image/bmp; image/bmp; dp..e
chart.bmp; image/x-ms-bmp; image/bmp; dp..e
fax.tif; image/tiff; image/tiff; dp..e
fax.tiff; image/tiff; image/tiff; dp..e
favicon.ico; image/x-icon; image/x-icon; dp..e
favicon.ico; image/vnd.microsoft.icon; image/x-icon; dp..e
sticker.apng; image/apng; image/apng; dp..e
sticker.apng; image/png; image/apng; dp..e
sticker.apng; image/vnd.mozilla.apng; image/apng; dp..e
photo.jxl; -; image/jxl; dp..e
_MG_0001.CR2; image/x-canon-cr2; image/x-canon-cr2; dp..e
_MG_0001.CR3; -; image/x-canon-cr3; dp..e
DSC_0001.NEF; image/x-nikon-nef; image/x-nikon-nef; dp..e
DSC00001.ARW; image/x-sony-arw; image/x-sony-arw; dp..e
PXL_20261124.dng; image/x-adobe-dng; image/x-adobe-dng; dp..e
PXL_20261124.dng; image/tiff; image/x-adobe-dng; dp..e
DSCF0001.RAF; -; image/x-fuji-raf; dp..e
P1010001.RW2; -; image/x-panasonic-rw2; dp..e
P1010001.ORF; -; image/x-olympus-orf; dp..e
IMGP0001.PEF; -; image/x-pentax-pef; dp..e
poster.psd; image/vnd.adobe.photoshop; image/vnd.adobe.photoshop; dp..e
poster.psd; image/x-photoshop; image/vnd.adobe.photoshop; dp..e
large poster.psb; -; image/vnd.adobe.photoshop; dp..e
blob; image/png; image/png; dp..e
image; image/jpeg; image/jpeg; dp..e
5fd924625f6ab16a.image; image/jpeg; image/jpeg; dp..e
5fd924625f6ab16a.image; image/heic; image/heic; dp..e
5fd924625f6ab16a.image; -; application/octet-stream; ....e
logo.svg; image/svg+xml; image/svg+xml; .....
logo.svgz; -; image/svg+xml; .....
"""

SOUND_AND_FILM = """
song.mp3; audio/mpeg; audio/mpeg; d..se
song.mp3; audio/mp3; audio/mpeg; d..se
录音.m4a; audio/x-m4a; audio/mp4; d..se
录音.m4a; audio/mp4; audio/mp4; d..se
book.m4b; audio/x-m4b; audio/mp4; d..se
song.aac; audio/aac; audio/aac; d..se
song.aac; audio/vnd.dlna.adts; audio/aac; d..se
take.wav; audio/wav; audio/wav; d..se
take.wav; audio/x-wav; audio/wav; d..se
song.flac; audio/flac; audio/flac; d..se
song.flac; audio/x-flac; audio/flac; d..se
song.ogg; audio/ogg; audio/ogg; d..se
song.ogg; video/ogg; audio/ogg; d..se
song.oga; audio/ogg; audio/ogg; d..se
voice.opus; audio/ogg; audio/ogg; d..se
voice.opus; audio/opus; audio/ogg; d..se
msg_0512.amr; audio/amr; audio/amr; d..se
msg_0512.amr; -; audio/amr; d..se
song.wma; audio/x-ms-wma; audio/x-ms-wma; d..se
song.aiff; audio/x-aiff; audio/aiff; d..se
song.aif; audio/aiff; audio/aiff; d..se
ring.mid; audio/midi; audio/midi; d..se
ring.mid; audio/mid; audio/midi; d..se
song.ape; -; audio/x-ape; d..se
memo.weba; audio/webm; audio/webm; d..se
recording; audio/webm;codecs=opus; audio/webm; d..se
9a0c7e21b4.audio; audio/mpeg; audio/mpeg; d..se
clip.mp4; video/mp4; video/mp4; d..se
VID_20261124.mp4; audio/mp4; video/mp4; d..se
clip.m4v; video/x-m4v; video/x-m4v; d..se
clip.m4v; video/mp4; video/x-m4v; d..se
IMG_0413.MOV; video/quicktime; video/quicktime; d..se
film.mkv; video/x-matroska; video/x-matroska; d..se
film.mkv; video/matroska; video/x-matroska; d..se
screen.webm; video/webm; video/webm; d..se
screen.webm; audio/webm; video/webm; d..se
old.avi; video/x-msvideo; video/x-msvideo; d..se
old.avi; video/avi; video/x-msvideo; d..se
MMS.3gp; video/3gpp; video/3gpp; d..se
MMS.3gp; audio/3gpp; video/3gpp; d..se
MMS.3g2; video/3gpp2; video/3gpp2; d..se
stream.flv; video/x-flv; video/x-flv; d..se
stream.flv; -; video/x-flv; d..se
film.wmv; video/x-ms-wmv; video/x-ms-wmv; d..se
film.asf; video/x-ms-asf; video/x-ms-asf; d..se
00001.ts; video/mp2t; video/mp2t; d..se
00001.ts; video/vnd.dlna.mpeg-tts; video/mp2t; d..se
00001.MTS; video/vnd.dlna.mpeg-tts; video/mp2t; d..se
00001.m2ts; -; video/mp2t; d..se
old.mpg; video/mpeg; video/mpeg; d..se
old.mpeg; video/mpeg; video/mpeg; d..se
VTS_01_1.VOB; video/mpeg; video/x-ms-vob; d..se
film.ogv; video/ogg; video/ogg; d..se
7b21fe.video; video/mp4; video/mp4; d..se
index.m3u8; application/vnd.apple.mpegurl; application/vnd.apple.mpegurl; ...se
index.m3u8; application/x-mpegurl; application/vnd.apple.mpegurl; ...se
电影.rmvb; application/vnd.rn-realmedia-vbr; application/vnd.rn-realmedia-vbr; ...se
film.rm; application/vnd.rn-realmedia; application/vnd.rn-realmedia; ...se
film.zh.srt; application/x-subrip; application/x-subrip; ...se
film.zh.srt; text/plain; application/x-subrip; ...se
film.vtt; text/vtt; text/vtt; ...se
film.ass; -; text/x-ssa; ...se
"""

_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml."
_SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml."
_SLIDES = "application/vnd.openxmlformats-officedocument.presentationml."
_ODF = "application/vnd.oasis.opendocument."
OFFICE = f"""
合同.pdf; application/pdf; application/pdf; d.o.e
合同.pdf; application/wps-office.pdf; application/pdf; d.o.e
notes.txt; text/plain; text/plain; d.o.e
letter.doc; application/msword; application/msword; ..o.e
letter.doc; application/wps-office.doc; application/msword; ..o.e
letter.docx; {_WORD}document; {_WORD}document; ..o.e
letter.docx; application/wps-office.docx; {_WORD}document; ..o.e
letter.docm; -; application/vnd.ms-word.document.macroenabled.12; ..o.e
form.dot; application/msword; application/msword; ..o.e
form.dotx; {_WORD}template; {_WORD}template; ..o.e
工资表.xls; application/vnd.ms-excel; application/vnd.ms-excel; ..o.e
工资表.xlsx; {_SHEET}sheet; {_SHEET}sheet; ..o.e
工资表.xlsx; application/wps-office.xlsx; {_SHEET}sheet; ..o.e
model.xlsm; application/vnd.ms-excel.sheet.macroEnabled.12; \
application/vnd.ms-excel.sheet.macroenabled.12; ..o.e
model.xlsb; -; application/vnd.ms-excel.sheet.binary.macroenabled.12; ..o.e
export.csv; text/csv; text/csv; ..o.e
export.csv; application/vnd.ms-excel; text/csv; ..o.e
export.csv; text/comma-separated-values; text/csv; ..o.e
export.tsv; text/tab-separated-values; text/tab-separated-values; ..o.e
talk.ppt; application/vnd.ms-powerpoint; application/vnd.ms-powerpoint; ..o.e
talk.pps; application/vnd.ms-powerpoint; application/vnd.ms-powerpoint; ..o.e
talk.pptx; {_SLIDES}presentation; {_SLIDES}presentation; ..o.e
talk.pptx; application/wps-office.pptx; {_SLIDES}presentation; ..o.e
talk.ppsx; {_SLIDES}slideshow; {_SLIDES}slideshow; ..o.e
文档.wps; application/kswps; application/kswps; ..o.e
文档.wps; application/wps-office.wps; application/kswps; ..o.e
文档.wps; application/vnd.ms-works; application/kswps; ..o.e
表格.et; application/kset; application/kset; ..o.e
表格.et; application/wps-office.et; application/kset; ..o.e
演示.dps; application/ksdps; application/ksdps; ..o.e
演示.dps; -; application/ksdps; ..o.e
电子发票.ofd; -; application/ofd; ..o.e
电子发票.ofd; application/ofd; application/ofd; ..o.e
letter.odt; {_ODF}text; {_ODF}text; ..o.e
sums.ods; {_ODF}spreadsheet; {_ODF}spreadsheet; ..o.e
talk.odp; {_ODF}presentation; {_ODF}presentation; ..o.e
letter.rtf; application/rtf; application/rtf; ..o.e
letter.rtf; text/rtf; application/rtf; ..o.e
letter.rtf; application/msword; application/rtf; ..o.e
letter.pages; application/x-iwork-pages-sffpages; application/vnd.apple.pages; ..o.e
sums.numbers; -; application/vnd.apple.numbers; ..o.e
talk.key; application/x-iwork-keynote-sffkey; application/vnd.apple.keynote; ..o.e
plan.vsd; application/vnd.visio; application/vnd.visio; ..o.e
plan.vsdx; application/vnd.ms-visio.drawing.main+xml; application/vnd.ms-visio.drawing; ..o.e
plan.mpp; application/vnd.ms-project; application/vnd.ms-project; ..o.e
脑图.xmind; -; application/vnd.xmind.workbook; ..o.e
脑图.xmind; application/zip; application/vnd.xmind.workbook; ..o.e
"""

OTHERS = """
server.log; text/plain; text/plain; d...e
server.log; -; text/plain; d...e
README.md; text/markdown; text/markdown; ....e
README.md; text/plain; text/markdown; ....e
data.json; application/json; application/json; ....e
lines.jsonl; -; application/jsonl; ....e
config.yaml; application/x-yaml; application/yaml; ....e
config.yml; -; application/yaml; ....e
dump.sql; application/sql; application/sql; ....e
dump.sql; text/x-sql; application/sql; ....e
meeting.ics; text/calendar; text/calendar; ....e
contact.vcf; text/vcard; text/vcard; ....e
contact.vcf; text/x-vcard; text/vcard; ....e
style.css; text/css; text/css; ....e
mail.msg; application/vnd.ms-outlook; application/vnd.ms-outlook; ....e
资料.zip; application/zip; application/zip; d...e
资料.zip; application/x-zip-compressed; application/zip; d...e
资料.rar; application/x-rar-compressed; application/vnd.rar; ....e
资料.rar; application/vnd.rar; application/vnd.rar; ....e
资料.7z; application/x-7z-compressed; application/x-7z-compressed; ....e
source.tar; application/x-tar; application/x-tar; ....e
source.tar.gz; application/gzip; application/gzip; ....e
source.tar.gz; application/x-gzip; application/gzip; ....e
source.tgz; application/x-compressed-tar; application/gzip; ....e
source.tar.bz2; application/x-bzip2; application/x-bzip2; ....e
source.tar.bz2; application/x-bzip; application/x-bzip2; ....e
source.tar.xz; application/x-xz; application/x-xz; ....e
backup.zst; application/zstd; application/zstd; ....e
logo.ai; application/postscript; application/postscript; ....e
logo.eps; application/postscript; application/postscript; ....e
app.sketch; -; application/x-sketch; ....e
图纸.dwg; image/vnd.dwg; image/vnd.dwg; dp..e
图纸.dwg; application/acad; image/vnd.dwg; dp..e
图纸.dxf; -; image/vnd.dxf; dp..e
part.stl; model/stl; model/stl; ....e
part.stl; application/vnd.ms-pki.stl; model/stl; ....e
part.obj; model/obj; model/obj; ....e
part.step; -; model/step; ....e
part.stp; -; model/step; ....e
part.3mf; model/3mf; model/3mf; ....e
room.glb; model/gltf-binary; model/gltf-binary; ....e
room.gltf; model/gltf+json; model/gltf+json; ....e
book.epub; application/epub+zip; application/epub+zip; ....e
book.mobi; application/x-mobipocket-ebook; application/x-mobipocket-ebook; ....e
book.azw3; -; application/vnd.amazon.mobi8-ebook; ....e
font.ttf; font/ttf; font/ttf; ....e
font.ttf; application/x-font-ttf; font/ttf; ....e
font.otf; font/otf; font/otf; ....e
font.woff; font/woff; font/woff; ....e
font.woff2; font/woff2; font/woff2; ....e
data.parquet; -; application/octet-stream; ....e
game.sav; -; application/octet-stream; ....e
pic.xyz; image/jpeg; application/octet-stream; ....e
Makefile; -; application/octet-stream; ....e
page.html; text/html; text/html; .....
page.htm; text/html; text/html; .....
saved.mhtml; multipart/related; multipart/related; .....
feed.xml; text/xml; application/xml; .....
code.js; text/javascript; text/javascript; .....
mail.eml; message/rfc822; message/rfc822; .....
film.swf; application/x-shockwave-flash; application/x-shockwave-flash; .....
setup.exe; application/x-msdownload; application/vnd.microsoft.portable-executable; .....
setup.exe; application/octet-stream; application/vnd.microsoft.portable-executable; .....
setup.msi; application/x-msi; application/x-msi; .....
script.bat; -; application/x-bat; .....
script.ps1; -; application/x-powershell; .....
script.vbs; text/vbscript; application/x-vbs; .....
saver.scr; -; application/vnd.microsoft.portable-executable; .....
打开.lnk; -; application/x-ms-shortcut; .....
app.apk; application/vnd.android.package-archive; application/vnd.android.package-archive; .....
app.ipa; application/octet-stream; application/x-ios-app; .....
entry.hap; -; application/x-hap; .....
app.dmg; application/x-apple-diskimage; application/x-apple-diskimage; .....
app.pkg; application/x-newton-compatible-pkg; application/x-xar; .....
disk.iso; application/x-cd-image; application/vnd.efi.iso; .....
tool.jar; application/java-archive; application/java-archive; .....
tool.deb; -; application/vnd.debian.binary-package; .....
tool.rpm; application/x-rpm; application/x-rpm; .....
install.sh; application/x-shellscript; application/x-sh; .....
"""


ROWS = [
    line.replace("; -;", "; ;").split("; ")
    for line in (PICTURES + SOUND_AND_FILM + OFFICE + OTHERS).splitlines()
    if line
]


def sign(letter: str, name: str, content_type: str) -> Response:
    body = json.dumps({"filename": name, "content_type": content_type})
    return read(APPS[letter].handle(event("POST", "/sign", body=body), Context()))


@pytest.mark.parametrize(
    ("name", "sent", "stored", "expected"),
    ROWS,
    ids=[f"{row[0]} as {row[1] or 'unknown'}" for row in ROWS],
)
def test_each_setting_admits_what_people_expect(
    name: str, sent: str, stored: str, expected: str
) -> None:
    admitted = ""
    for letter in SETTINGS:
        response = sign(letter, name, sent)
        if response.status == 200:
            assert response.document["fields"]["Content-Type"] == stored
        else:
            assert response.code == "type_not_allowed"
            # Never that the type contradicts the name: these are the names that browsers use.
            assert "another type" not in response.document["message"]
        admitted += letter if response.status == 200 else "."
    assert admitted == expected


@pytest.mark.parametrize("letter", "pose")
def test_a_ready_line_leaves_room_for_everything_else_in_a_form(letter: str) -> None:
    """With the longest of all other settings; only one of the lines is too long for these."""
    longest = {
        "ALLOWED_CONTENT_TYPES": SETTINGS[letter],
        "UPLOAD_DIR": "d" * 511 + "/",
        "CALLBACK_URL": "https://upload.example.com/" + "c" * 74,
        "GRANT_SECRET": "s" * 32,
        "ALIBABA_CLOUD_SECURITY_TOKEN": "t" * 1200,
    }
    response = invoke(ENVIRON | longest)
    if letter == "e":
        assert response.code == "misconfigured"
        assert "DIRECTORY_GRANTS=false" in response.document["error"]["hint"]
        assert invoke(ENVIRON | {"ALLOWED_CONTENT_TYPES": SETTINGS["e"]}).status == 200
        only_files = longest | {"DIRECTORY_GRANTS": "false"}
        query = {"filename": "a.pptx"}
        response = invoke(ENVIRON | only_files, path="/s3/params", query=query)
    fields = response.document["fields"]
    assert sum(len(name) + len(value) for name, value in fields.items()) <= 8192
