"""Every refusal of the emulated OSS: status, Code, Message, EC, and how certain the row is.

The sources are OSS's documents: "PostObject errors", the pages of each multipart operation, the
HTTP status pages and the EC pages.
"""

from __future__ import annotations

from .callback import *  # noqa: F403
from .form import *  # noqa: F403
from .multipart import *  # noqa: F403
from .policy import *  # noqa: F403
from .request import *  # noqa: F403
from .request_signature import *  # noqa: F403
from .row import *  # noqa: F403
from .signature import *  # noqa: F403
