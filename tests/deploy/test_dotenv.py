"""The file .env means the same here as to the real Serverless Devs CLI, or it is refused."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from deploy.dotenv import read_environment
from direct_upload.errors import Misconfigured
from tests.deploy.serverless_devs import ServerlessDevs

UNSET = "(unset)"
REPLACED = "would replace '\\$'"
CUT = "would cut"

# Name, file, and what A and B are.
READ = [
    ("plain", "A=b\nB=c\n", "b", "c"),
    ("no line end at the end", "A=b\nB=c", "b", "c"),
    ("Windows line ends", "A=b\r\nB=c\r\n", "b", "c"),
    ("old Mac line ends", "A=b\rB=c\r", "b", "c"),
    ("byte order mark", "\ufeffA=b\nB=c\n", "b", "c"),
    ("spaces around", "  A =  b  \n\tB\t=\tc\t\n", "b", "c"),
    ("wide spaces around", "A=\u3000b\u00a0\n\u3000B=c\n", "b", "c"),
    ("a control character is no space", "A=\x1cb\x1f\nB=c\n", "\x1cb\x1f", "c"),
    ("comment after a space", "A=b # note\nB=c\t# note\n", "b", "c"),
    ("comment after quotes", "A='b'# note\nB=\"c\" # note\n", "b", "c"),
    ("comment alone", "# A=x\nA=b\n  # B=x\n", "b", UNSET),
    ("comment instead of a value", "A= # note\nB=c\n", UNSET, "c"),
    ("export", "export A=b\n  export  B=c\n", "b", "c"),
    ("colon and space", "A: b\nB:  c\n", "b", "c"),
    ("colon without a space", "A:b\nB=c\n", UNSET, "c"),
    ("colon in a value", "A=https://a.example:8443\nB=c\n", "https://a.example:8443", "c"),
    ("equals in a value", "A=b=c==\nB=c\n", "b=c==", "c"),
    ("spaces in a value", "A=b c\nB=c\n", "b c", "c"),
    ("single quotes", "A='b # c'\nB=' c '\n", "b # c", " c "),
    ("double quotes", 'A="b # c"\nB=" c "\n', "b # c", " c "),
    ("back quotes", "A=`b # c`\nB=`c'\"`\n", "b # c", "c'\""),
    ("quotes within", "A=b'c\"d\nB=c\n", "b'c\"d", "c"),
    ("quotes in the other quotes", "A='\"b\"'\nB=\"'c'\"\n", '"b"', "'c'"),
    ("a quote that is not closed", "A='b\nB=c\n", "'b", "c"),
    ("a double quote that is not closed", 'A="b\\nc\nB=c\n', '"b\nc', "c"),
    ("text after quotes", "A='b' c\nB=c\n", "'b' c", "c"),
    ("line ends in double quotes", 'A="b\\nc\\rd"\nB=c\n', "b\nc\rd", "c"),
    ("no line ends in single quotes", "A='b\\nc'\nB=c\\n\n", "b\\nc", "c\\n"),
    ("a backslash", "A=b\\\\c\nB=\\\n", "b\\\\c", "\\"),
    ("several lines", "A='b\nc'\nB=\"c\n\nd\"\n", "b\nc", "c\n\nd"),
    ("an assignment within quotes", "A='b\nB=x'\n", "b\nB=x", UNSET),
    ("JSON", 'A={"keys": [{"kty": "EC"}]}\nB=c\n', '{"keys": [{"kty": "EC"}]}', "c"),
    ("JSON on several lines", "A='{\n \"a\": 1\n}'\nB=c\n", '{\n "a": 1\n}', "c"),
    ("what YAML would change", "A=0123\nB=yes\n", "0123", "yes"),
    ("what YAML would take as null", "A=null\nB=~\n", "null", "~"),
    ("Chinese", "A=上传\nB=é\n", "上传", "é"),
    ("the last one counts", "A=x\nA=b\nB=c\n", "b", "c"),
    ("nothing", "A=\nB=\"\"\n", UNSET, UNSET),
    ("no assignment", "A\nB c\nA b=c\n", UNSET, UNSET),
    ("a line separator", "A=b\u2028B=c\n", "b\u2028B=c", UNSET),
    ("a line separator after a comment", "A=b #\u2028B=c\n", "b", "c"),
    ("an empty file", "", UNSET, UNSET),
]  # fmt: skip

# Name, file, what `s` makes of A, and why it is refused.
REFUSED = [
    ("number sign in a value", "A=ab#cd\n", "ab", CUT),
    ("number sign first", "A=#cd\n", UNSET, CUT),
    ("number sign in quotes that are not closed", "A='ab#cd\n", "'ab", CUT),
    ("dollar", "A=ab$cd\n", "ab", REPLACED),
    ("dollar in single quotes", "A='ab$cd'\n", "ab", REPLACED),
    ("dollar in double quotes", 'A="ab$cd"\n', "ab", REPLACED),
    ("escaped dollar", "A=ab\\$cd\n", "ab", REPLACED),
    ("escaped dollar in single quotes", "A='ab\\$cd'\n", "ab", REPLACED),
    ("braces", "A=ab${cd}ef\n", "abef", REPLACED),
    ("another value", "B=x\nA=${B}-y\n", "x-y", REPLACED),
    ("a default", "A=${cd:-x}\n", "x", REPLACED),
    ("two dollars", "A=a$$cd\n", "a$", REPLACED),
    ("dollar at the end, which is kept", "A=ab$\n", "ab$", REPLACED),
]


# Rows that would change the meaning of what follows them in the same file.
ALONE = [row for row in [*READ, *REFUSED] if "not closed" in row[0]]


def s_yaml(names: Iterable[str]) -> str:
    """A document with each of these variables as a property of its own name."""
    lines = "".join(f"      {name}: ${{env('{name}', '{UNSET}')}}\n" for name in names)
    return (
        "edition: 3.0.0\nname: table\naccess: default\n"
        f"resources:\n  table:\n    component: ./component\n    props:\n{lines}"
    )


def props_of(s: ServerlessDevs, folder: Path, text: str, names: Iterable[str]) -> dict[str, str]:
    (folder / ".env").write_bytes(text.encode())
    (folder / "s.yaml").write_text(s_yaml(names), "utf-8")
    props: dict[str, str] = s.preview(folder)["resources"]["table"]["props"]
    return props


@pytest.fixture(scope="module")
def deployed(
    s: ServerlessDevs, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, tuple[str, str]]:
    """What the CLI makes of A and B in each row. It starts slowly, so most rows share a run, in
    which A is A7 in row 7."""
    folder = tmp_path_factory.mktemp("rows")
    found = {}
    for row in ALONE:
        props = props_of(s, folder, row[1], "AB")
        found[row[0]] = (props["A"], props["B"])
    rows = {number: row for number, row in enumerate([*READ, *REFUSED]) if row not in ALONE}
    texts = [re.sub("[AB]", rf"\g<0>{number}", row[1]) for number, row in rows.items()]
    props = props_of(s, folder, "\n".join(texts), [f"{name}{n}" for n in rows for name in "AB"])
    for number, row in rows.items():
        a, b = (props[f"{name}{number}"] for name in "AB")
        found[row[0]] = (a.replace(f"B{number}", "B"), b)
    return found


@pytest.mark.parametrize(("name", "text", "a", "b"), READ, ids=[row[0] for row in READ])
def test_both_read_the_same(
    name: str, text: str, a: str, b: str, deployed: dict[str, tuple[str, str]], tmp_path: Path
) -> None:
    assert deployed[name] == (a, b)
    (tmp_path / ".env").write_bytes(text.encode())
    ours = read_environment(tmp_path, {})
    assert [ours.get(name) or UNSET for name in "AB"] == [a, b]


@pytest.mark.parametrize(("name", "text", "a", "reason"), REFUSED, ids=[row[0] for row in REFUSED])
def test_a_value_that_the_cli_changes_is_refused(
    name: str,
    text: str,
    a: str,
    reason: str,
    deployed: dict[str, tuple[str, str]],
    tmp_path: Path,
) -> None:
    assert deployed[name][0] == a
    (tmp_path / ".env").write_text(text, "utf-8")
    with pytest.raises(Misconfigured, match=reason) as refused:
        read_environment(tmp_path, {})
    shown = f"{refused.value} {refused.value.hint}"
    assert re.search("A in .env|in A,", shown)
    assert "cd" not in shown  # it may be a secret


def test_the_environment_wins_on_both_sides(s: ServerlessDevs, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("A=file#cut\nB=file\n", "utf-8")
    (tmp_path / "s.yaml").write_text(s_yaml("AB"), "utf-8")
    props = s.preview(tmp_path, A="environment")["resources"]["table"]["props"]
    assert props == {"A": "environment", "B": "file"}
    assert read_environment(tmp_path, {"A": "environment"}) == props


def test_a_dollar_in_the_environment_is_kept_unless_the_file_has_the_name(
    s: ServerlessDevs, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("A=file\n", "utf-8")
    (tmp_path / "s.yaml").write_text(s_yaml("AB"), "utf-8")
    props = s.preview(tmp_path, A="x$y", B="x$y")["resources"]["table"]["props"]
    assert props == {"A": "x", "B": "x$y"}
    assert read_environment(tmp_path, {"B": "x$y"}) == {"A": "file", "B": "x$y"}
    with pytest.raises(Misconfigured, match=REPLACED):
        read_environment(tmp_path, {"A": "x$y"})


def test_a_file_that_is_not_utf_8_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"OSS_BUCKET=\xff")
    with pytest.raises(Misconfigured, match="is not UTF-8"):
        read_environment(tmp_path, {})
