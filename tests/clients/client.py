"""What a client is, and the settings of the function that it needs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.clients.writers import Writer

FOLDER = Path(__file__).parent

# Settings of the function, each NAME=value.
Settings = tuple[str, ...]
STRICT: Settings = ("AUTH=jwt", "SIGNATURE_VERSION=v4", "DIRECTORY_GRANTS=true")
OPPOSITES = {
    "AUTH=anonymous": "AUTH=jwt",
    "SIGNATURE_VERSION=v1": "SIGNATURE_VERSION=v4",
    "SIGNATURE_VERSION=v4": "SIGNATURE_VERSION=v1",
    "DIRECTORY_GRANTS=true": "DIRECTORY_GRANTS=false",
}
WITH_CALLBACK: Settings = ("CALLBACK_URL={function}/callback",)


def changed(settings: Settings, changes: Settings) -> Settings:
    """The settings, with changes replacing those of the same name."""
    names = {change.partition("=")[0] for change in changes}
    kept = [setting for setting in settings if setting.partition("=")[0] not in names]
    return tuple(sorted((*kept, *changes)))


@dataclass(frozen=True)
class Program:
    """What a client runs in, or a jar, the Debian package that has it, and the oldest version."""

    name: str
    package: str
    oldest: int = 0


@dataclass(frozen=True)
class Client:
    """One way to upload: the code that sets it up, and the settings that it needs.

    `packages` are folders in node_modules, or `pypi:` and a name. `shows_progress` is False if the
    shown code reports no progress. Clients with the same `section` share code and notes. `write`
    reproduces the form of a client that no test can run, as `evidence` shows it.
    """

    title: str
    entry: str
    route: str = "POST /sign"
    notes: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    version: str = ""  # if there is no package
    needs: Settings = ()
    shows_progress: bool = True
    family: str = "browsers"
    section: str = ""
    programs: tuple[Program, ...] = ()
    jars: tuple[str, ...] = ()
    write: Writer | None = None
    evidence: str = ""
    how: str = "real"

    @property
    def settings(self) -> Settings:
        """The strictest settings that it works with."""
        return changed(STRICT, self.needs)

    @property
    def sends_token(self) -> bool:
        return "AUTH=jwt" in self.settings

    @property
    def name(self) -> str:
        return Path(self.entry).stem

    @property
    def heading(self) -> str:
        return self.section or self.title

    @property
    def runs_in_chromium(self) -> bool:
        return self.write is None and Path(self.entry).suffix == ".js"

    @property
    def uses_vue_of_uni(self) -> bool:
        """uni-app has a Vue of its own, which its packages import as `vue`."""
        return "@dcloudio/uni-h5" in self.packages

    @property
    def is_given_its_grant(self) -> bool:
        """Whether the test requests the grant, and the client only posts the form."""
        return self.write is not None or Path(self.entry).suffix in (".java", ".cs")

    @property
    def posts_file_grants(self) -> bool:
        return self.route in ("POST /sign", "GET /s3/params")

    @property
    def requests_file_grants(self) -> bool:
        return self.posts_file_grants and not self.is_given_its_grant
