"""All clients that docs/clients.md lists."""

from __future__ import annotations

from tests.clients.apps import APPS
from tests.clients.browsers import BROWSERS
from tests.clients.mini_programs import MINI_PROGRAMS
from tests.clients.servers import SERVERS

CLIENTS = (*BROWSERS, *MINI_PROGRAMS, *APPS, *SERVERS)
