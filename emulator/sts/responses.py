"""What STS responds over HTTP, and every refusal of STS and of the API gateway in front of it.

Codes and messages of AssumeRole are documented (STS documents, AssumeRole, error codes; OSS
documents, common errors of STS). Those of the gateway are documented for other products; their
HTTP status varies between documents and is inferred here, so clients should rely on `code`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from werkzeug.wrappers import Response


@dataclass(frozen=True)
class StsResponse:
    status: int
    body: bytes = field(repr=False)  # contains credentials
    content_type: str = "application/json;charset=utf-8"

    def to_http(self) -> Response:
        return Response(self.body, self.status, content_type=self.content_type)


def json_response(status: int, document: dict[str, Any]) -> StsResponse:
    return StsResponse(status, json.dumps(document).encode())


class Refusal(NamedTuple):
    status: int
    message: str


REFUSALS = {
    # AssumeRole's own, documented
    "EntityNotExist.Role": Refusal(404, "The specified role does not exist."),
    "InvalidParameter.DurationSeconds": Refusal(
        400, "The Min/Max value of DurationSeconds is 15min/1hr."
    ),
    "InvalidParameter.ExternalId": Refusal(400, "The parameter ExternalId is wrongly formed."),
    "InvalidParameter.PolicyGrammar": Refusal(
        400, "The parameter Policy has not passed grammar check."
    ),
    "InvalidParameter.PolicySize": Refusal(
        400, "The size of Policy must be smaller than 2048 bytes."
    ),
    "InvalidParameter.RoleArn": Refusal(400, "The parameter RoleArn is wrongly formed."),
    "InvalidParameter.RoleSessionName": Refusal(
        400, "The parameter RoleSessionName is wrongly formed."
    ),
    "NoPermission": Refusal(
        403, "You are not authorized to do this action. You should be authorized by RAM."
    ),
    "InternalError": Refusal(500, "The request processing has failed due to some unknown error."),
    # inferred: the rule is documented, its code is not
    "InvalidParameter.SourceIdentity": Refusal(
        400, "The parameter SourceIdentity is wrongly formed."
    ),
    # the gateway's; status inferred
    "IncompleteSignature": Refusal(
        400, "The request signature does not conform to Aliyun standards."
    ),
    "InvalidAccessKeyId.Inactive": Refusal(400, "Specified access key is disabled."),
    "InvalidAccessKeyId.NotFound": Refusal(404, "Specified access key is not found."),
    "InvalidAction.NotFound": Refusal(
        404, "Specified api is not found, please check your url and method."
    ),
    "InvalidSecurityToken.Expired": Refusal(400, "Specified SecurityToken is expired."),
    "InvalidSecurityToken.Malformed": Refusal(400, "Specified SecurityToken is malformed."),
    "InvalidSecurityToken.MismatchWithAccessKey": Refusal(
        400, "Specified SecurityToken mismatch with the AccessKey."
    ),
    "InvalidTimeStamp.Expired": Refusal(400, "Specified time stamp or date value is expired."),
    "InvalidTimeStamp.Format": Refusal(
        400, "Specified time stamp or date value is not well formatted."
    ),
    "InvalidVersion": Refusal(400, "Specified parameter Version is not valid."),
    "MissingParameter": Refusal(
        400, "An input parameter that is mandatory for processing this request is not supplied."
    ),
    "MissingSecurityToken": Refusal(400, "SecurityToken is mandatory for this action."),
    "ServiceUnavailable": Refusal(
        503, "The request has failed due to a temporary failure of the server."
    ),
    "SignatureDoesNotMatch": Refusal(
        400, "Specified signature is not matched with our calculation."
    ),
    "SignatureNonceUsed": Refusal(400, "Specified signature nonce was used already."),
    "Throttling.User": Refusal(400, "Request was denied due to user flow control."),
}


class StsError(Exception):
    """One of the codes above; `hint` says what is wrong and what was expected."""

    def __init__(self, code: str, hint: str) -> None:
        super().__init__(code)
        self.code = code
        self.hint = hint
        self.status, self.message = REFUSALS[code]
