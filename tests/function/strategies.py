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
