"""Usage: python_aiohttp.py FUNCTION FILE TOKEN"""

import asyncio
import sys
from pathlib import Path

function, file, token = sys.argv[1:]

# shown: begin
import aiohttp
import urllib3


async def upload(path):
    asked = {"filename": path.name, "size": path.stat().st_size}
    headers = {"Authorization": f"Bearer {token}"}
    async with aiohttp.ClientSession() as session:
        async with session.post(f"{function}/sign", json=asked, headers=headers) as response:
            grant = await response.json()
            if not response.ok:
                raise RuntimeError(grant["message"])
        # Not aiohttp.FormData: it writes Content-Type before Content-Disposition.
        body, content_type = urllib3.encode_multipart_formdata(
            [
                *grant["fields"].items(),
                ("file", ("upload", path.read_bytes(), grant["fields"]["Content-Type"])),
            ]
        )
        headers = {"Content-Type": content_type}
        async with session.post(grant["url"], data=body, headers=headers) as stored:
            if stored.status != 200:
                raise RuntimeError(await stored.text())
    return grant["key"]


# shown: end

try:
    print(asyncio.run(upload(Path(file))))
except RuntimeError as refusal:
    sys.exit(str(refusal))
