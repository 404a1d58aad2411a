"""What an error of the function means for a deployment, and what to do about it."""

from __future__ import annotations

import re

from . import Finding
from .browser import Response

ERROR_TYPE = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,59}")

HINTS = {
    "misconfigured": "Correct the setting in s.yaml or .env, then run s deploy -y.",
    "unauthorized": "AUTH=jwt needs a token: set the environment variable TOKEN to a valid one.",
    "origin_not_allowed": "Add the page's origin to ALLOWED_ORIGINS, then run s deploy -y.",
    "credentials_unavailable": (
        "STS is down or cannot be reached: try again in a minute. If it stays so, look into the"
        " function's log, and check internetAccess in s.yaml and STS_ENDPOINT."
    ),
    "preset_not_allowed": "The token does not have what the preset's allow requires: use another.",
    "callback_refused": "Only OSS may call /callback: use the function's own URL, without a path.",
    "invalid_request": "The function takes no request of this doctor: deploy the current code.",
    "method_not_allowed": "Something in front changes the method of requests: let it pass them on.",
    "file_too_large": "Set MAX_UPLOAD_BYTES to at least 1, then run s deploy -y.",
    "type_not_allowed": (
        "The doctor found no type of file that ALLOWED_CONTENT_TYPES lists: correct the setting, or"
        " ignore this if it lists rare types only."
    ),
    "storage_unavailable": (
        "OSS is down, slow or cannot be reached by the function: try again in a minute. If it stays"
        " so, check OSS_ENDPOINT and internetAccess in s.yaml."
    ),
    "upload_not_found": (
        "The function does not know its own ticket: all instances must have the same GRANT_SECRET,"
        " so deploy again."
    ),
    "upload_incomplete": "Parts are missing at OSS: something in front loses them. Try again.",
    "internal_error": "This is a defect of the function: its log names the line. Please report it.",
    "keys_unavailable": (
        "See the function's log: it says why the URL in JWT_JWKS gives no keys. The function needs"
        " a way there (internetAccess, or its VPC)."
    ),
    "not_found": "Use the function's own URL, without a path, and deploy the current code.",
}

# Refusals of STS by the beginning of their code, as the function's message names it. Whatever is
# not listed is an outage.
STS_REFUSAL = re.compile(r"STS refused AssumeRole: (?P<code>[A-Za-z0-9.]{1,64})")
SEE_FUNCTION_ROLE = (
    "The function's own role is missing or was created anew: check FUNCTION_ROLE_ARN, then run"
    " s deploy -y."
)
STS_HINTS = {
    "NoPermission": (
        "STS works, but the function may not assume the role: run what make setup-cloud prints,"
        " and wait a minute after that."
    ),
    "EntityNotExist.Role": "UPLOAD_ROLE_ARN names no role: run what make setup-cloud prints.",
    "InvalidParameter.RoleArn": "UPLOAD_ROLE_ARN is not acs:ram::<account>:role/<name>.",
    "InvalidParameter.DurationSeconds": (
        "CREDENTIALS_SECONDS is more than the role allows: run what make setup-cloud prints."
    ),
    "InvalidParameter.Policy": "Check OSS_BUCKET and UPLOAD_DIR: the session policy has both.",
    "InvalidAccessKeyId": SEE_FUNCTION_ROLE,
    "InvalidSecurityToken": SEE_FUNCTION_ROLE,
    "MissingSecurityToken": SEE_FUNCTION_ROLE,
    "SignatureDoesNotMatch": SEE_FUNCTION_ROLE,
    "Throttling": "STS takes 100 calls a second from an account: lower reservedConcurrency.",
}


def crash(response: Response) -> Finding:
    """What the gateway returns in place of a function that does not run."""
    kinds = (response.header("X-Fc-Error-Type"), response.document().get("errorType"))
    names = [kind for kind in kinds if isinstance(kind, str) and ERROR_TYPE.fullmatch(kind)]
    return Finding(
        f"The function does not run: {' '.join(names) or 'an error of an unknown type'}.",
        "Build for the deployed runtime (make bundle RUNTIME=...), deploy again, and read the"
        " function's log.",
    )


def refusal(response: Response, what: str) -> Finding:
    """A response other than the one that was wanted; `what` names the request."""
    code = response.error_code()
    if not code:
        return Finding(
            f"{what} returned {response.status}, from something in front of the function.",
            "Use the URL of the HTTP trigger or custom domain. Its public access must be on, its"
            " authType anonymous (or jwt, with TOKEN set).",
        )
    message = response.document().get("message")
    refused = STS_REFUSAL.search(message) if isinstance(message, str) else None
    detail = ""
    if code == "misconfigured" and isinstance(message, str):
        detail = f" {message[:200]}"  # it names a setting but never its value
    elif code == "credentials_unavailable" and refused:
        detail = f" STS refused AssumeRole: {refused['code']}."
    hint = HINTS.get(code, "See the function's log, under the same request ID.")
    if detail and refused:
        hints = (hint for start, hint in STS_HINTS.items() if refused["code"].startswith(start))
        hint = next(hints, hint)
    return Finding(f"{what} returned {response.status} {code}.{detail}", hint)
