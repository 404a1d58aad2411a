"""What OSS's refusal of a form means for a deployment, and what cures it.

OSS documents, "PostObject errors", the HTTP status pages and the pages of the EC codes. One code
has many causes, so the EC decides first, then how it starts, then the code. The doctor's form is
right: if OSS objects to its bytes, something on the way changed them.
"""

from __future__ import annotations

from .grant import REDEPLOY, SET_CLOCK

SEE_RULE = "Apply the bucket's CORS rule that make setup-cloud prints, with ALLOWED_ORIGINS set."
SEE_ROLES = "Compare the two roles and their policies with what make setup-cloud prints."
PROXY = (
    "Something between the doctor and OSS changed the form: let UPLOAD_URL lead to the bucket"
    " itself, through no CDN, proxy or firewall that rewrites requests."
)
WRONG_SIGNATURE = "Deploy the current code, and set OSS_REGION to the bucket's region."
CUSTOM_DOMAIN = (
    "The account activated OSS on or after 2025-03-20, so it cannot upload to default endpoints in"
    " the Chinese mainland. Bind a custom domain (with an ICP record) to the bucket and set"
    " UPLOAD_URL to it: docs/deploy.md has the steps."
)

BY_EC = {
    "0002-00000003": "The form reached OSS without its security token. " + REDEPLOY,
    "0002-00000080": "V1 is switched off for the account or bucket: set SIGNATURE_VERSION=v4.",
    "0002-00000705": WRONG_SIGNATURE,
    "0003-00000001": "OSS saw no signature and no key in the form. " + PROXY,
    "0003-00000301": "The session policy does not allow the key: UPLOAD_DIR must be the prefix that"
    " the roles allow. " + SEE_ROLES,
    "0006-00000117": "The form sends x-oss-forbid-overwrite as neither true nor false. " + REDEPLOY,
    "0006-00000213": "The grant had expired when it reached OSS: raise POLICY_SECONDS, and compare"
    " the clocks above.",
    "0006-00000226": "The form lacks a field that its policy requires. " + REDEPLOY,
    "0006-00000227": "The form, or the bucket's name, is not what its policy requires. " + REDEPLOY,
    "0006-00000228": "The policy does not pin a field of the signature. " + REDEPLOY,
    "0007-00000004": "CALLBACK_URL is not one http or https address: correct it.",
    "0007-00000005": "CALLBACK_URL lists more than five addresses: name one.",
    "0007-00000007": "OSS cannot resolve the host in CALLBACK_URL: correct or publish it.",
    "0007-00000008": "CALLBACK_URL is at a private address, which OSS refuses: use a public one.",
    "0007-00000202": "The file is stored, but the server at CALLBACK_URL took longer than 5 s: let"
    " it respond first and work afterwards.",
    "0007-00000203": "The file is stored, but the server at CALLBACK_URL cannot be reached, or does"
    " not return status 200 with a Content-Length: see its log. It must admit POST without a token,"
    " and not redirect.",
    "0007-00000205": "The file is stored, but the server at CALLBACK_URL does not return JSON in"
    " UTF-8 without a byte order mark: see docs/callbacks.md.",
    "0048-00000401": CUSTOM_DOMAIN,
}
BY_START = {
    "0002-000007": "OSS cannot use a field of the signature. " + REDEPLOY,
    "0007-": "OSS does not take the callback field. " + REDEPLOY,
    "0017-000001": "OSS does not take the form's storage class. " + REDEPLOY,
}
BY_CODE = {
    "AccessDenied": SEE_ROLES,
    "AccessForbidden": SEE_RULE,
    "AccessKeyIdAndSecurityTokenNotMatch": "Key and token in the form are not of one pair. "
    + REDEPLOY,
    "BadRequest": PROXY,
    "CallbackFailed": "The file is stored. CALLBACK_URL must return 200 with JSON within 5 s.",
    "EntityTooLarge": "Set MAX_UPLOAD_BYTES to what you allow, at most 5 GB for a form.",
    "EntityTooSmall": "Set MIN_UPLOAD_BYTES to the smallest file that you allow.",
    "FieldItemTooLong": PROXY,
    "FileAlreadyExists": "Keep UNIQUE_DIR=true, or allow overwriting with FORBID_OVERWRITE=false.",
    "IncompleteBody": "The connection ended early: try again, and then from another network.",
    "IncorrectNumberOfFilesInPOSTRequest": PROXY,
    "InternalError": "OSS failed: try again, then report the request ID to Alibaba Cloud.",
    "InvalidAccessKeyId": "Use a bucket of the same site (China or international) as the role; a"
    " permanent access key must exist and be enabled.",
    "InvalidArgument": "OSS does not take the value of a field. " + REDEPLOY,
    "InvalidDigest": PROXY,
    "InvalidEncryptionAlgorithmError": "The form names an encryption that OSS does not know. "
    + REDEPLOY,
    "InvalidObjectName": "Check UPLOAD_DIR: no slash in front, at most 512 bytes.",
    "InvalidPolicyDocument": "OSS cannot read the policy. " + REDEPLOY,
    "InvalidSecurityToken": "OSS does not know the token: bucket and role must be of the same site"
    " (China or international), and STS_ENDPOINT must be that site's.",
    "InvalidPart": "A part was replaced while the upload was completed: complete it again.",
    "InvalidPartOrder": "OSS does not take the list of parts. " + REDEPLOY,
    "InvalidTag": "OSS does not take the object's tags. " + REDEPLOY,
    "KmsServiceNotEnabled": "The bucket encrypts with KMS: activate KMS in its region.",
    "MalformedPOSTRequest": PROXY,
    "MalformedXML": "OSS does not take the list of parts. " + REDEPLOY,
    "MethodNotAllowed": "UPLOAD_URL must lead to the bucket itself, without a path. " + PROXY,
    "MissingContentLength": PROXY,
    "NoSuchBucket": "Set OSS_BUCKET to a bucket that exists, and OSS_REGION to its region.",
    "NoSuchUpload": "The upload was completed, aborted or removed by a lifecycle rule, which must"
    " leave uploads alone for longer than MULTIPART_SECONDS: start it again.",
    "NotImplemented": "The emulated OSS does not know this: see its log.",
    "PublicEndpointForbidden": CUSTOM_DOMAIN,
    "RequestIsNotMultiPartContent": PROXY,
    "RequestTimeTooSkewed": "The function's clock is ahead of OSS's. " + SET_CLOCK,
    "SecurityTokenExpired": "Set POLICY_SECONDS well below CREDENTIALS_SECONDS.",
    "SignatureDoesNotMatch": WRONG_SIGNATURE,
}


def cure(code: str, ec: str) -> str:
    """What to do about a refusal; where to look it up if it is none of the table."""
    started = (hint for start, hint in BY_START.items() if ec.startswith(start))
    return (
        BY_EC.get(ec)
        or next(started, None)
        or BY_CODE.get(code)
        or f"Look up the error: https://api.aliyun.com/troubleshoot?q={ec or code}"
    )
