"""What a bucket, a log store, a role or a policy has, against what it should have.

A rule of somebody else is kept as it is, and what is replaced or removed is said.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from .documents import RULE_PREFIX, index_document

# What UpdateIndex takes of what GetIndex shows (SLS documents); it replaces the whole.
WRITABLE_INDEX = ("line", "keys", "max_text_len", "log_reduce", "log_reduce_white_list",
                  "log_reduce_black_list")  # fmt: skip


@dataclass(frozen=True)
class Merged:
    """The whole new configuration, and what people should know of the change.

    The document is None if nothing has to change. It is empty if nothing is left, and for what has
    no document of its own.
    """

    document: str | None
    notices: tuple[str, ...] = ()


def merge_cors(found: str, wanted: str) -> Merged:
    """Our rule first, because OSS takes the first that matches, and the others behind it.

    CORS rules have no names: one that differs from ours in its origins only counts as ours.
    """
    ours, theirs = _parse(wanted), _parse(found)
    [rule] = ours.findall("CORSRule")
    old = [other for other in theirs.findall("CORSRule") if _shape(other) == _shape(rule)]
    kept = [other for other in theirs.findall("CORSRule") if other not in old]
    gone = sorted({o for other in old for o in _origins(other)} - set(_origins(rule)))
    notices = [f"no longer allowed to upload: {origin}" for origin in gone]
    if kept:
        notices.append(f"{len(kept)} other CORS rule(s) of the bucket stay")
    ours.extend(kept)  # behind ResponseVary; OSS does not care about the order of the two
    return Merged(None if _same(ours, theirs) else _text(ours), tuple(notices))


def merge_lifecycle(found: str, wanted: str) -> Merged:
    """Our rules, known by the beginning of their IDs, replaced by those wanted."""
    result, theirs = _parse(wanted), _parse(found)
    others = [rule for rule in theirs.findall("Rule") if not _is_ours(rule)]
    removed = {_id(rule) for rule in theirs.findall("Rule") if _is_ours(rule)}
    removed -= {_id(rule) for rule in result.findall("Rule")}
    result.extend(others)
    notices = [f"lifecycle rule removed: {name}" for name in sorted(removed)]
    if others:
        notices.append(f"{len(others)} other lifecycle rule(s) of the bucket stay")
    if _same(result, theirs):
        return Merged(None, tuple(notices))
    return Merged(_text(result) if len(result) else "", tuple(notices))


def merge_index(found: str) -> Merged:
    """The fields that are missing are added; a field that has an index keeps it."""
    ours, theirs = index_document(), json.loads(found or "{}")
    theirs = {name: theirs[name] for name in WRITABLE_INDEX if theirs.get(name) is not None}
    keys = {**ours["keys"], **theirs.get("keys", {})}
    result = {**ours, **theirs, "keys": keys}
    return Merged(None if result == theirs else json.dumps(result))


def compare_role(found: str, trust: str, session_seconds: str) -> Merged:
    """A role as GetRole shows it."""
    role = json.loads(found)["Role"]
    has = role.get("AssumeRolePolicyDocument", "")
    seconds = role.get("MaxSessionDuration")
    notices = []
    if not _same_json(has, trust):
        notices.append(f"trusted until now: {has}")
    if seconds != int(session_seconds):
        notices.append(f"longest session until now: {seconds} s")
    return _compared(notices)


def compare_policy(found: str, wanted: str) -> Merged:
    """A policy as GetPolicy shows it."""
    document = json.loads(found)["DefaultPolicyVersion"]["PolicyDocument"]
    return _compared([] if _same_json(document, wanted) else [f"allowed until now: {document}"])


def compare_attached(found: str, policy: str) -> Merged:
    """The policies of a role as ListPoliciesForRole shows them."""
    attached = [one["PolicyName"] for one in json.loads(found)["Policies"]["Policy"]]
    return _compared([] if policy in attached else [f"did not have the policy {policy}"])


KINDS: Mapping[str, Callable[..., Merged]] = {
    "role": compare_role,
    "policy": compare_policy,
    "attached": compare_attached,
    "cors": merge_cors,
    "lifecycle": merge_lifecycle,
    "index": merge_index,
}


def _compared(notices: list[str]) -> Merged:
    return Merged("" if notices else None, tuple(notices))


def _parse(text: str) -> Element:
    """The document in what a command printed, which may say more around it."""
    inside = text[text.find("<") : text.rfind(">") + 1]
    if not inside:
        return Element("Configuration")
    return ElementTree.fromstring(inside)  # noqa: S314 (what OSS says of the user's own bucket)


def _text(root: Element) -> str:
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode") + "\n"


def _canonical(element: Element) -> Any:
    """Comparable whatever the spaces; the order of rules counts, that of their members does not."""
    text = (element.text or "").strip()
    return (element.tag, text, sorted(_canonical(child) for child in element))


def _same(ours: Element, theirs: Element) -> bool:
    def parts(root: Element) -> tuple[list[Any], list[Any]]:
        rules = [child for child in root if child.tag in ("Rule", "CORSRule")]
        rest = [child for child in root if child not in rules]
        return [_canonical(rule) for rule in rules], sorted(_canonical(child) for child in rest)

    return parts(ours) == parts(theirs)


def _shape(rule: Element) -> Any:
    """All but the origins, and whether there are resumable uploads."""
    children = [_canonical(child) for child in rule if child.tag != "AllowedOrigin"]
    return sorted(child for child in children if child != ("AllowedMethod", "PUT", []))


def _origins(rule: Element) -> list[str]:
    return [(origin.text or "").strip() for origin in rule.findall("AllowedOrigin")]


def _id(rule: Element) -> str:
    return (rule.findtext("ID") or "").strip()


def _is_ours(rule: Element) -> bool:
    return _id(rule).startswith(RULE_PREFIX)


def _same_json(one: str, other: str) -> bool:
    try:
        return bool(json.loads(one) == json.loads(other))
    except ValueError:
        return False
