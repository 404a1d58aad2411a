"""Default endpoints, which accounts new to OSS cannot use for data.

OSS documents, custom domain names and regions (2025-12, 2026-08): accounts that activated OSS on or
after 2025-03-20 cannot upload or download through default public endpoints in the Chinese mainland.
That this includes PostObject, and that a preflight is not data, is inferred.
"""

from __future__ import annotations

import ipaddress

from .errors import Refused, refusals

DEFAULT_DOMAINS = ("localhost", "aliyuncs.com")  # a name of this machine stands for a default one


def check_endpoint(host: str, region: str) -> None:
    """Refuse a default endpoint of a mainland region; `host` is the name in Host, without port."""
    if region.startswith("cn-") and region != "cn-hongkong" and _is_default(host):
        raise Refused(
            refusals.PUBLIC_ENDPOINT_FORBIDDEN,
            hint=f"The account is new to OSS (--oss new-account), so {host!r}, which stands for the"
            " bucket's default endpoint, takes no data. In the cloud, bind a custom domain with an"
            " ICP record to the bucket and set UPLOAD_URL to it. Here, start local_server.py with"
            " --host and a name of this machine, which then stands for the custom domain.",
        )


def _is_default(host: str) -> bool:
    if any(host == domain or host.endswith(f".{domain}") for domain in DEFAULT_DOMAINS):
        return True
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True
