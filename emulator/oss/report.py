"""Reports a stored object to the application that its form's `callback` names."""

from __future__ import annotations

from collections.abc import Mapping

from .callback import PUBLIC_KEY_PATH, Answer, call_back
from .callback_body import fill_in, placeholder_values
from .callback_field import Callback
from .image_size import ImageSize, read_image_size
from .settings import Settings
from .store import Record, Store


def report(
    callback: Callback,
    record: Record,
    fields: Mapping[str, str],
    *,
    settings: Settings,
    store: Store,
    origin: str,
) -> Answer:
    """The application's answer; `Refused` (203) when it gives none that counts."""
    image = _image(store, record.key) if "${imageInfo." in callback.body else None
    values = placeholder_values(record, image, fields, bucket=settings.bucket)
    body = fill_in(callback.body, callback.body_type, values)
    key_url = (settings.public_url or origin) + PUBLIC_KEY_PATH
    answer = call_back(callback, body, key=settings.callback_key, key_url=key_url)
    settings.log(f"callback for {record.key!r} answered: {len(answer.body)} bytes")
    return answer


def _image(store: Store, key: str) -> ImageSize | None:
    found = store.open(key)
    if found is None:  # gone again: the emulator's folder is open to everyone
        return None
    with found[1] as stream:
        return read_image_size(stream)
