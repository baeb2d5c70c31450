"""Write docs/dev/dependencies.md: what travels in the zip, as the wheels tell it (``licenses.py FILE``: elsewhere)."""

from __future__ import annotations

import hashlib
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import Distribution, distributions
from pathlib import Path

from extension import ROOT, WHEELS, problems_in_wheels, refuse

PAGE = ROOT / "docs" / "dev" / "dependencies.md"
HEAD = """\
# Dependencies and Licenses

For those who check what they install. `make licenses` writes this page from the wheels; a test compares it.

The zip carries these packages, as unmodified wheels from PyPI, and no other code from elsewhere. Name, version and
license are those of the wheel's own metadata. Each wheel has the text of its license inside. The extension itself is
GPL-3.0-or-later.

| Package | Version | License | Needed by |
|---|---|---|---|
"""
FOOT = """
## Hashes

The SHA-256 of each wheel. `.ci/wheels.txt` pins them, and `make build` refuses any other file.

```text
{hashes}
```

## Tools

Nothing of what tests and checks need is in the zip. `.ci/test.txt` and `.ci/dev.txt` pin its packages by version,
`.ci/setup.sh` and the Makefile pin bpy. What those packages need in their turn is not pinned, and neither are hashes.
"""


def page() -> str:
    """The whole page."""
    wheels = sorted(WHEELS.glob("*.whl"), key=lambda wheel: wheel.name.lower())
    carried = [distribution_in(wheel) for wheel in wheels]
    needed = needed_by(carried)
    rows = (row(distribution, needed) for distribution in carried)
    hashes = (f"{hashlib.sha256(wheel.read_bytes()).hexdigest()}  {wheel.name}" for wheel in wheels)
    return HEAD + "".join(rows) + FOOT.format(hashes="\n".join(hashes))


def distribution_in(wheel: Path) -> Distribution:
    """The one package of a wheel."""
    (distribution,) = distributions(path=[str(wheel)])
    return distribution


def row(distribution: Distribution, needed: dict[str, list[str]]) -> str:
    """Its line of the table."""
    metadata = distribution.metadata
    license_id = metadata["License-Expression" if "License-Expression" in metadata else "License"]
    users = needed[plain(metadata["Name"])]
    cells = (metadata["Name"], metadata["Version"], license_id, ", ".join(users))
    return f"| {' | '.join(cells)} |\n"


def needed_by(carried: list[Distribution]) -> dict[str, list[str]]:
    """Who needs each package: the extension itself, or others in the zip."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    users = [("the extension", project["dependencies"])]
    users += [(each.metadata["Name"], each.requires or []) for each in carried]
    needed: dict[str, list[str]] = {plain(each.metadata["Name"]): [] for each in carried}
    for user, requirements in users:
        for name in sorted(set(always_needed(requirements)) & needed.keys()):
            needed[name].append(user)
    return needed


def always_needed(requirements: list[str]) -> Iterator[str]:
    """The names in a list of requirements, without those of optional extras."""
    for requirement in requirements:
        if "extra ==" not in requirement:
            yield plain(re.split(r"[^\w.-]", requirement, maxsplit=1)[0])


def plain(name: str) -> str:
    """A package's name as all ways to write it have it in common."""
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    refuse(problems_in_wheels())
    Path(sys.argv[1] if sys.argv[1:] else PAGE).write_text(page(), encoding="utf-8")
