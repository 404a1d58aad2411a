"""The client package packs, types and bundles, and stays small."""

from __future__ import annotations

import gzip
import json
import re
import shutil
from pathlib import Path

import pytest

from direct_upload import __version__, errors
from tests.documents import Document
from tests.programs import program
from tests.web.package import BASELINE, CLIENT, GUIDE, NAME, Project

# npm takes a busy machine minutes.
pytestmark = [pytest.mark.clients, pytest.mark.timeout(600)]

ENTRIES = ["", "/queue", "/element", "/messages"]
EVERYTHING = "".join(f'export * from "{NAME}{entry}";' for entry in ENTRIES)
ONLY_UPLOAD = f'import {{ upload }} from "{NAME}"; globalThis.upload = upload;'


def test_the_package_has_the_version_of_the_project() -> None:
    assert json.loads((CLIENT / "package.json").read_text())["version"] == __version__


def test_the_package_has_all_of_the_client_and_nothing_else(project: Project) -> None:
    folder = project.folder / "node_modules" / NAME
    packed = {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}
    assert packed == {path.relative_to(CLIENT) for path in CLIENT.rglob("*") if path.is_file()}


def test_an_import_in_node_does_nothing(project: Project) -> None:
    imports = "".join(f'import "{NAME}{entry}";' for entry in ENTRIES)
    (project.folder / "all.mjs").write_text(imports + 'console.log("imported");')
    assert project.run(program("node", "nodejs"), "all.mjs") == "imported\n"


def test_the_examples_of_the_guide_compile(project: Project) -> None:
    given = """
        declare global {
            const file: File;
            const input: HTMLInputElement;
            function token(renew: boolean): Promise<string>;
        }
        export {};
    """
    (project.folder / "given.d.ts").write_text(given)
    for name, ending in {"upload": "ts", "queue": "ts", "react": "tsx", "vue": "ts"}.items():
        (project.folder / f"{name}.{ending}").write_text(GUIDE.block(name))
    project.compile()
    for name, ending in {"upload": "ts", "queue": "ts", "react": "tsx"}.items():
        assert project.bundle(GUIDE.block(name), name=f"{name}.{ending}")


def test_the_example_of_the_readme_compiles_and_is_bundled_beside_a_copy(project: Project) -> None:
    shutil.copytree(CLIENT, project.folder / "client")
    example = Document("README.md").block("upload")
    (project.folder / "given.d.ts").write_text("declare const file: File;")
    (project.folder / "example.ts").write_text(example)
    project.compile()
    assert project.bundle(example)


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        pytest.param("upload(file, {});", "endpoint", id="no endpoint"),
        pytest.param('upload("text", { endpoint: "/" });', "string", id="text as a file"),
        pytest.param('upload(file, { endpoint: "/", retry: 1 });', "retry", id="an unknown option"),
        pytest.param('new UploadError("no_such_code", "");', "no_such_code", id="an unknown code"),
        pytest.param(
            'new UploadQueue({ endpoint: "/" }).items.push();', "push", id="a change of the items"
        ),
    ],
)
def test_a_mistake_does_not_compile(project: Project, source: str, complaint: str) -> None:
    head = (
        f'import {{ UploadError, upload }} from "{NAME}";\n'
        f'import {{ UploadQueue }} from "{NAME}/queue";\n'
        "declare const file: File; void [UploadError, upload, UploadQueue, file];\n"
    )
    (project.folder / "right.ts").write_text(head)
    project.compile()
    (project.folder / "wrong.ts").write_text(head + source)
    with pytest.raises(AssertionError, match=rf"wrong\.ts[\s\S]*{complaint}"):
        project.compile()


@pytest.mark.parametrize(
    ("source", "first", "whole"),
    [
        pytest.param(ONLY_UPLOAD, 4, 6, id="upload() alone"),
        pytest.param(f'import "{NAME}/element";', 18, 20, id="the element"),
    ],
)
def test_the_client_is_small(project: Project, source: str, first: int, whole: int) -> None:
    """In KB, what a page loads at first, and with what a large file needs."""
    project.bundle(source, "--minify", "--splitting", "--outdir=chunks")
    sizes = {path.stem: _compressed(path) for path in (project.folder / "chunks").iterdir()}
    later = sum(size for name, size in sizes.items() if name.startswith("multipart"))
    assert 0 < later <= (whole - first) * 1024
    assert sum(sizes.values()) - later <= first * 1024


def _compressed(path: Path) -> int:
    return len(gzip.compress(path.read_bytes(), 9))


def test_upload_alone_brings_nothing_else(project: Project) -> None:
    assert "oss-upload" not in project.bundle(ONLY_UPLOAD)


def test_no_syntax_is_newer_than_the_baseline(project: Project) -> None:
    """esbuild rewrites what its target lacks, so the bundles differ if there is any."""
    assert project.bundle(EVERYTHING, f"--target={BASELINE}") == project.bundle(EVERYTHING)


def test_no_style_is_newer_than_the_baseline_without_being_asked_for(project: Project) -> None:
    source = (CLIENT / "element/style.js").read_text()
    assert "light-dark(" not in source.partition("@supports")[0].partition("const CSS")[2]
    assert not re.search(r":has\(|color-mix\(|@container|@layer|&", source)


def table(language: str) -> dict[str, str]:
    """The texts of a language, nested ones as errors.code."""
    source = (CLIENT / f"messages/{language}.js").read_text()
    found, room = {}, ""
    for line in re.sub(r":\n\s+", ": ", source).splitlines():
        if match := re.match(r'\s+(\w+): "(.*)",', line):
            found[room + match[1]] = match[2]
        elif match := re.match(r"\s+(\w+): \{", line):
            room = f"{match[1]}."
        elif line.startswith("  }"):
            room = ""
    return found


def test_both_languages_have_the_same_texts_with_the_same_values() -> None:
    def shape(texts: dict[str, str]) -> dict[str, set[str]]:
        return {name: set(re.findall(r"\{\w+\}", text)) for name, text in texts.items()}

    assert shape(table("english")) == shape(table("chinese"))
    assert len(table("english")) > 60


def codes() -> set[str]:
    declared = (CLIENT / "upload.d.ts").read_text()
    union = re.search(r"UploadErrorCode =(.*?);", declared, re.DOTALL)
    assert union
    return set(re.findall(r'\| "(\w+)"', union[1]))


def test_every_code_has_a_sentence() -> None:
    sentences = {name.removeprefix("errors.") for name in table("english") if "errors." in name}
    # These are said as not_found, or as unavailable.
    said_otherwise = {"method_not_allowed"} | {
        f"{what}_unavailable" for what in ("credentials", "keys", "storage")
    }
    assert codes() - said_otherwise <= sentences
    more = {"file_empty", "file_over_limit", "not_configured", "unknown"}
    assert sentences - codes() == more


def test_every_code_of_the_function_is_declared() -> None:
    refusals = {cls.code for cls in errors.Refusal.__subclasses__()}
    assert refusals - codes() <= {"callback_refused"}
    raised = re.findall(r'"([a-z_]+)"', Path(CLIENT / "upload.js").read_text())
    assert {"unreachable", "connection_lost", "offline"} <= set(raised) & codes()
