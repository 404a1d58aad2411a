"""What property tests draw from."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

any_json: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
"""Small JSON values of any shape, NaN and the infinities included."""

# Characters that file systems and browsers drop, replace or do not show, and separators.
_hidden = st.sampled_from(
    [*"\u202e\u2069\u200f\u061c\u200b\u200d\ufeff\x00\x01\x7f\x85\ud800. \u3000\u2028:?|/\\"]
)
_ends = st.sampled_from(
    [".exe", ".html", ".svg", ".lnk", ".png", ".JPG", ".tar.gz", ".图", "．jpg", "." + "x" * 17, ""]
)
_long = st.integers(70, 80).map("A".__mul__)

hostile_names: st.SearchStrategy[str] = st.lists(
    st.text(st.characters(), max_size=90) | _hidden | _ends | _long, max_size=8
).map("".join)
"""Names whose end is not what it seems: hidden, dropped, or cut at the 80th character."""
