"""Usage: python_httpx.py FUNCTION FILE TOKEN"""

import sys
from pathlib import Path

function, file, token = sys.argv[1:]

# shown: begin
import httpx


def upload(path):
    response = httpx.post(
        f"{function}/sign",
        json={"filename": path.name, "size": path.stat().st_size},
        headers={"Authorization": f"Bearer {token}"},
        timeout=30,
    )
    grant = response.json()
    if not response.is_success:
        raise RuntimeError(grant["message"])
    fields = grant["fields"]
    with path.open("rb") as content:
        stored = httpx.post(
            grant["url"],
            data=fields,
            files={"file": ("upload", content, fields["Content-Type"])},
            timeout=600,
        )
    if stored.status_code != 200:
        raise RuntimeError(stored.text)
    return grant["key"]


# shown: end

try:
    print(upload(Path(file)))
except RuntimeError as refusal:
    sys.exit(str(refusal))
