"""Runs the function and all that it needs on this machine, offline.

Four servers on consecutive ports, so four origins, as in the cloud: the function behind an
emulated Function Compute, an emulated OSS, an emulated STS and the upload page. This is the only
file that sees both the function and the emulators.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import secrets
import signal
import socket
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parent
# Function Compute does the same with the directory of the code.
sys.path.insert(0, str(ROOT / "function"))

import index  # noqa: E402
from emulator.function_compute import (  # noqa: E402
    FUNCTION_ROLE_LIFE,
    AsyncCalls,
    FunctionCompute,
)
from emulator.issuer import Issuer  # noqa: E402
from emulator.keyring import AccessKey, KeyRing  # noqa: E402
from emulator.oss import Oss  # noqa: E402
from emulator.oss.switches import NO_SWITCHES, Switches, meanings, switched_on  # noqa: E402
from emulator.page import JWKS_PATH, TOKEN_PATH, Page  # noqa: E402
from emulator.server import Server  # noqa: E402
from emulator.sts import Sts  # noqa: E402

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

# The STS SDK honours these even for 127.0.0.1.
PROXY_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy")
LOOPBACK = "127.0.0.1"
END_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@dataclass(frozen=True)
class Addresses:
    """Where the four servers listen: consecutive ports of one host.

    STS always listens on loopback: only the function calls it, and the function refuses http to
    any other machine.
    """

    host: str
    port: int

    @property
    def function(self) -> str:
        return self._url(0)

    @property
    def oss(self) -> str:
        return self._url(1)

    @property
    def oss_for_function(self) -> str:
        """Where the function finds the bucket, and the key that verifies callbacks."""
        return f"http://{LOOPBACK}:{self.port + 1}"

    @property
    def sts(self) -> str:
        return f"http://{LOOPBACK}:{self.port + 2}"

    @property
    def page(self) -> str:
        return self._url(3)

    @property
    def page_for_function(self) -> str:
        """Where the function finds the keys of the development issuer."""
        return f"http://{LOOPBACK}:{self.port + 3}"

    def _url(self, offset: int) -> str:
        wildcards = {"0.0.0.0": LOOPBACK, "::": "::1"}  # noqa: S104 (compared only)
        port = self.port + offset
        host = wildcards.get(self.host, self.host)
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def function_environment(environ: Mapping[str, str], addresses: Addresses) -> dict[str, str]:
    """The function's environment: what is set, and this harness's defaults for the rest."""
    page_port = addresses.port + 3
    defaults = {
        "OSS_BUCKET": "post-test",
        "OSS_REGION": "cn-hangzhou",
        "AUTH": "anonymous",
        "ALLOWED_ORIGINS": f"{addresses.page},http://localhost:{page_port}",
        "UPLOAD_URL": addresses.oss,
        "UPLOAD_ROLE_ARN": "acs:ram::1234567890123456:role/oss-uploader",
        "STS_ENDPOINT": addresses.sts,
        "CALLBACK_KEY_PREFIX": f"{addresses.oss_for_function}/",
        "OSS_ENDPOINT": addresses.oss_for_function,
        "GRANT_SECRET": secrets.token_urlsafe(32),
        "ALIBABA_CLOUD_ACCESS_KEY_ID": "LTAI" + secrets.token_hex(10),
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": secrets.token_urlsafe(24),
    }
    given = {name: value for name, value in environ.items() if name not in PROXY_VARIABLES}
    return given | {name: value for name, value in defaults.items() if not given.get(name)}


def give_keys(environment: dict[str, str], keys: KeyRing) -> AccessKey:
    """Put the function's own credentials into its environment and among the known keys.

    To sign with them itself (`function-role`), the function needs temporary ones.
    """
    if environment.get("CREDENTIALS_SOURCE") == "function-role":
        key = keys.issue(expiration=datetime.now(timezone.utc) + FUNCTION_ROLE_LIFE)
    else:
        key = AccessKey(
            environment["ALIBABA_CLOUD_ACCESS_KEY_ID"],
            environment["ALIBABA_CLOUD_ACCESS_KEY_SECRET"],
            environment.get("ALIBABA_CLOUD_SECURITY_TOKEN") or None,
        )
        keys.add(key)
    environment["ALIBABA_CLOUD_ACCESS_KEY_ID"] = key.access_key_id
    environment["ALIBABA_CLOUD_ACCESS_KEY_SECRET"] = key.access_key_secret
    environment["ALIBABA_CLOUD_SECURITY_TOKEN"] = key.security_token or ""
    return key


def give_issuer(environment: dict[str, str], addresses: Addresses) -> Issuer | None:
    """An issuer of tokens, if callers need them and the settings have no key to check them with.

    Completes the function's environment with what it needs to accept them.
    """
    if environment["AUTH"] != "jwt" or environment.get("JWT_JWKS") or environment.get("JWT_SECRET"):
        return None
    environment["JWT_JWKS"] = addresses.page_for_function + JWKS_PATH
    environment["JWT_ISSUER"] = environment.get("JWT_ISSUER") or f"{addresses.page}/issuer"
    environment["JWT_AUDIENCE"] = environment.get("JWT_AUDIENCE") or "uploads"
    return Issuer(
        issuer=environment["JWT_ISSUER"],
        audience=environment["JWT_AUDIENCE"],
        user_claim=environment.get("JWT_USER_CLAIM") or "sub",
    )


@contextlib.contextmanager
def serving(
    addresses: Addresses,
    environment: Mapping[str, str],
    keys: KeyRing,
    *,
    own_key: AccessKey,
    handler: Callable[[bytes, Any], object],
    initializer: Callable[[Any], object],
    object_created: Callable[[bytes, Any], object] | None = None,
    data: Path,
    issuer: Issuer | None = None,
    runtime: str = "python3.10",
    custom_domain: bool = False,
    oss_switches: Switches = NO_SWITCHES,
    private_objects: bool = False,
    log: Callable[[str], None] = print,
) -> Iterator[None]:
    """Serve all four between `with` and its end.

    `object_created` handles an event about each stored object; None: OSS sends none.
    """
    region = environment["OSS_REGION"].removeprefix("oss-")
    in_context = runtime == "python3.10"

    def log_as(name: str) -> Callable[[str], None]:
        return lambda line: log(f"{name:8}  {line}")

    events = object_created and AsyncCalls(
        object_created,
        function_keys=own_key,
        credentials_in_context=in_context,
        region=region,
        log=log_as("event"),
    )
    function = FunctionCompute(
        handler,
        initializer=initializer,
        function_keys=own_key,
        credentials_in_context=in_context,
        custom_domain=custom_domain,
        region=region,
        log=log_as("function"),
    )
    oss = Oss(
        environment["OSS_BUCKET"],
        region,
        data,
        keys,
        [origin.strip() for origin in environment["ALLOWED_ORIGINS"].split(",")],
        log=log_as("oss"),
        switches=oss_switches,
        private_objects=private_objects,
        public_url=addresses.oss_for_function,
        notify=events.call if events else None,
    )
    sts = Sts(environment["UPLOAD_ROLE_ARN"], keys, log=log_as("sts"))
    page = Page(
        ROOT / "web",
        function_url=addresses.function,
        oss_url=environment["UPLOAD_URL"],
        issuer=issuer,
    )
    with contextlib.ExitStack() as servers:
        if events:
            servers.enter_context(events)
        apps: list[WSGIApplication] = [function, oss, sts, page]
        hosts = [addresses.host, addresses.host, LOOPBACK, addresses.host]
        for offset, (app, host) in enumerate(zip(apps, hosts, strict=True)):
            servers.enter_context(Server(app, host, addresses.port + offset))
        if not _is_on_loopback(addresses.host):
            servers.enter_context(Server(oss, LOOPBACK, addresses.port + 1))
            servers.enter_context(Server(page, LOOPBACK, addresses.port + 3))
        log(f"function  {addresses.function}")
        log(f"oss       {addresses.oss}  bucket {environment['OSS_BUCKET']}, objects in {data}")
        log(f"sts       {addresses.sts}")
        log(f"page      {addresses.page}")
        if issuer:
            log(f"issuer    {addresses.page}{TOKEN_PATH}?user=alice")
        if events:
            log("event     OSS reports each stored object to index.object_created")
        log("Ready")
        yield


def _is_on_loopback(host: str) -> bool:
    """Whether a server of this host listens on 127.0.0.1, too."""
    try:
        return socket.gethostbyname(host) in (LOOPBACK, "0.0.0.0")  # noqa: S104 (compared only)
    except OSError:  # an IPv6 address
        return False


def _options() -> argparse.Namespace:
    switches = meanings()
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0],
        epilog="\n".join(["switches of the emulated OSS, for --oss:", *_table(switches)]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--host",
        default=LOOPBACK,
        help="name or address of this machine to listen on; besides it, the servers accept only"
        " localhost; 0.0.0.0 and :: are all of its addresses (default 127.0.0.1)",
    )
    parser.add_argument("--port", type=_port, default=9000, help="first of four (default 9000)")
    parser.add_argument("--data", type=Path, default=Path(".local"), help="where objects are kept")
    parser.add_argument(
        "--runtime",
        choices=("python3.10", "python3.12"),
        default="python3.10",
        help="where the function finds its keys: in the context (3.10) or its environment (3.12)",
    )
    parser.add_argument(
        "--custom-domain",
        action="store_true",
        help="without what Function Compute adds on its default domain",
    )
    parser.add_argument(
        "--events",
        action="store_true",
        help="OSS reports each stored object to index.object_created, as an OSS trigger does:"
        " without waiting, and again after a failure",
    )
    parser.add_argument(
        "--private-objects",
        action="store_true",
        help="GET of an object or of the list needs a signature, as on a private bucket",
    )
    parser.add_argument(
        "--oss",
        action="append",
        choices=switches,
        default=[],
        metavar="SWITCH",
        help="change the emulated OSS where accounts or evidence differ; may be repeated; the"
        " switches are listed below",
    )
    return parser.parse_args()


def _table(switches: Mapping[str, str]) -> Iterator[str]:
    for name, meaning in switches.items():
        yield f"  {name}"
        yield textwrap.fill(meaning, 90, initial_indent=" " * 6, subsequent_indent=" " * 6)


def _port(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 65532:
        raise argparse.ArgumentTypeError("give a number from 1 to 65532: three more follow it")
    return int(text)


def main() -> int:
    """Serve until SIGINT or SIGTERM."""
    options = _options()
    # Blocked before any thread starts, so that they wait for sigwait below and interrupt nothing.
    signal.pthread_sigmask(signal.SIG_BLOCK, END_SIGNALS)
    logging.basicConfig(format="function  [%(levelname)s] %(message)s", stream=sys.stdout)

    addresses = Addresses(options.host, options.port)
    environment = function_environment(os.environ, addresses)
    keys = KeyRing()
    own_key = give_keys(environment, keys)
    issuer = give_issuer(environment, addresses)
    # The function reads its process's environment, as in the cloud.
    os.environ.clear()
    os.environ.update(environment)
    try:
        with serving(
            addresses,
            environment,
            keys,
            own_key=own_key,
            handler=index.handler,
            initializer=index.initialize,
            object_created=index.object_created if options.events else None,
            data=options.data,
            issuer=issuer,
            runtime=options.runtime,
            custom_domain=options.custom_domain,
            oss_switches=switched_on(options.oss),
            private_objects=options.private_objects,
            log=lambda line: print(line, flush=True),
        ):
            signal.sigwait(END_SIGNALS)
    except OSError as error:
        print(f"local_server: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
