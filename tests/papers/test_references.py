"""No reference in the repository leads nowhere: sections, rules, conflicts, pitfalls, gaps, faults, pages, headings.

Each kind is a function from a file's text to its complaints, tried on a text with a mistake in it.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest

from tests.workshop.places import ROOT

CONTRACT = ROOT / "docs" / "contract.md"
RELIABILITY = ROOT / "docs" / "reliability.md"
SUFFIXES = {".py", ".md", ".toml", ".sh", ".json"}
FOLDERS = (".ci", "benchmarks", "docs", "kling_omni_addon", "schemas", "tests")
NEVER_ASSIGNED = {59, 64, 65}


@cache
def files() -> tuple[Path, ...]:
    """Every text of the repository, also those that are about to be committed."""
    paths = [ROOT / name for name in names_of_files()]
    return tuple(p for p in paths if p.is_file() and (p.suffix in SUFFIXES or p.parent.name == ".ci"))


def names_of_files() -> list[str]:
    """What git knows, or where there is no git what lies in the folders that git would know."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        said = subprocess.run(listing, cwd=ROOT, capture_output=True, check=True, text=True).stdout
    except (OSError, subprocess.CalledProcessError):
        names = [str(p.relative_to(ROOT)) for folder in FOLDERS for p in (ROOT / folder).rglob("*")]
        return names + [p.name for p in ROOT.glob("*.*")]
    return [name for name in said.split("\0") if name]


@cache
def text_of(path: Path) -> str:
    """What a file says."""
    return path.read_text("utf-8")


def in_one_line(text: str) -> str:
    """The text without its line breaks and the marks of comments, since a reference may stand on two lines."""
    return re.sub(r"\s*\n\s*(#\s*)?", " ", text)


@cache
def sections() -> frozenset[str]:
    """The numbers of the contract's sections: 4, 4.1."""
    return frozenset(re.findall(r"^##+ (\d+(?:\.\d+)?)\.? ", text_of(CONTRACT), re.MULTILINE))


@cache
def rules() -> frozenset[str]:
    """Every id of the contract: those with a row, and those that it says were never assigned."""
    page = in_one_line(text_of(CONTRACT))
    (unassigned,) = re.findall(r"Ids never assigned: ([^.]*)\.", page)
    found = set(re.findall(r"^\| ([RAWN]\d\d) \|", text_of(CONTRACT), re.MULTILINE))
    for first, last in re.findall(r"R(\d\d)(?:-R(\d\d))?", unassigned):
        found |= {f"R{number:02}" for number in range(int(first), int(last or first) + 1)}
    return frozenset(found)


@cache
def conflicts() -> frozenset[str]:
    """The conflicts of the contract's section 14: X1 and so on."""
    return frozenset(re.findall(r"^\| (X\d+) \|", text_of(CONTRACT), re.MULTILINE))


@cache
def items_of(section: str) -> frozenset[int]:
    """The numbers of a list in the contract."""
    _, _, rest = text_of(CONTRACT).partition(f"\n## {section}. ")
    return frozenset(map(int, re.findall(r"^(\d+)\. ", rest.partition("\n## ")[0], re.MULTILINE)))


@cache
def faults() -> frozenset[int]:
    """The faults that have a row."""
    return frozenset(map(int, re.findall(r"^\| (\d+) \| ", text_of(RELIABILITY), re.MULTILINE)))


@cache
def anchors(page: Path) -> frozenset[str]:
    """What GitHub makes of the headings of a page."""
    found: dict[str, int] = {}
    for heading in headings(page):
        slug = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        found[slug] = found.get(slug, -1) + 1
        if found[slug]:
            found[f"{slug}-{found[slug]}"] = 0
    return frozenset(found)


@cache
def headings(page: Path) -> tuple[str, ...]:
    """The headings of a page, without marks."""
    without_code = re.sub(r"^```.*?^```", "", text_of(page), flags=re.MULTILINE | re.DOTALL)
    return tuple(h.replace("`", "") for h in re.findall(r"^#+ (.+?) *$", without_code, re.MULTILINE))


# --- the kinds of reference

_ONE = r"(?:[RAWN]\d\d|gap \d+|(?:sections? )?\d{1,2}(?:\.\d+)?)(?![\d%]|\.\d)"
_SEVERAL = rf"{_ONE}(?:(?:, and |, rules |, | and | to | or ){_ONE})*"


def contract_references(text: str, _path: Path) -> Iterator[str]:
    """``contract 6.2``, ``contract, sections 4, 6 and 7``, ``contract R05 to R26``, ``contract's section 2``."""
    pattern = rf"\bcontract(?:\.md)?(?:'s)?[,:]? (?:rules )?({_SEVERAL})"
    for match in re.finditer(pattern, in_one_line(text), re.IGNORECASE):
        for one in re.findall(r"[RAWN]\d\d|gap \d+|\d+(?:\.\d+)?", match[1]):
            is_gap = one.startswith("gap ") and int(one[4:]) in items_of("15")
            if not is_gap and one not in rules() | sections():
                yield match[0]


def references_within_the_contract(text: str, path: Path) -> Iterator[str]:
    """``section 7`` and ``X2`` on the page itself."""
    if path == CONTRACT:
        numbers = re.findall(r"\bsections? (\d+(?:\.\d+)?)", in_one_line(text))
        yield from (f"section {number}" for number in numbers if number not in sections())
        yield from (conflict for conflict in re.findall(r"\bX\d+\b", text) if conflict not in conflicts())


def rule_references(text: str, path: Path) -> Iterator[str]:
    """``R21``, ``A09``, ``W01``, ``N02``, in the product and its data, in documents and in the tables of the tests."""
    if path.suffix in (".py", ".md", ".json"):
        yield from (each for each in re.findall(r"\b[RAWN]\d\d\b", text) if each not in rules())


def conflict_references(text: str, _path: Path) -> Iterator[str]:
    """``conflict X2``."""
    yield from (c for c in re.findall(r"\bconflicts? (X\d+)", in_one_line(text)) if c not in conflicts())


def pitfall_references(text: str, _path: Path) -> Iterator[str]:
    """``pitfall 17``."""
    for number in re.findall(r"\bpitfalls? (\d+)", in_one_line(text), re.IGNORECASE):
        if int(number) not in items_of("17"):
            yield f"pitfall {number}"


def fault_references(text: str, _path: Path) -> Iterator[str]:
    """``fault 58``, ``faults 50, 51``, ``faults 67 to 69``."""
    for match in re.finditer(r"\bfaults? (\d+(?:(?:, | and | to )\d+)*)", in_one_line(text), re.IGNORECASE):
        if not {int(number) for number in re.findall(r"\d+", match[1])} <= faults():
            yield match[0]


def page_references(text: str, path: Path) -> Iterator[str]:
    """A name that ends in ``.md``, with the heading that may follow it in quotes. One in code is part of a path."""
    without_addresses = in_one_line(re.sub(r"https?://\S+", "", text))
    for match in re.finditer(r'("?)([\w./-]+\.md)\b(?:`*, "([^"]+)"|("?))', without_addresses):
        name, heading = match[2], match[3]
        if path.suffix == ".py" and match[1] and match[4] and "/" not in name:
            found = [p for p in files() if p.name == name]
        else:
            found = [p for p in (path.parent / name, ROOT / name.lstrip("/")) if p.is_file()]
        if not found or (heading and heading not in headings(found[0].resolve())):
            yield name


def module_references(text: str, path: Path) -> Iterator[str]:
    """``core.life.events.Target`` in code marks: a folder or file of the product, then a name in it. The words of the
    contract are the service's.
    """
    package = ROOT / "kling_omni_addon"
    rooms = "|".join(
        sorted(each.stem for each in package.iterdir() if each.suffix in ("", ".py") and each.stem[0] != "_")
    )
    if path != CONTRACT and (path.suffix == ".md" or package in path.parents):
        for dotted in re.findall(rf"`~?\.*((?:{rooms})(?:\.(?!py`)\w+)+)(?:\(\))?`", text):
            place, names = package, dotted.split(".")
            while names and (place / names[0]).is_dir():
                place /= names.pop(0)
            file = (place / names.pop(0)).with_suffix(".py") if names else place / "__init__.py"
            if not file.is_file() or not all(re.search(rf"\b{name}\b", text_of(file)) for name in names):
                yield dotted


def links(text: str, path: Path) -> Iterator[str]:
    """``[words](page#heading)`` and pictures, in documents."""
    if path.suffix != ".md":
        return
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        page = (path.parent / name).resolve() if name else path
        if not page.exists() or (anchor and anchor not in anchors(page)):
            yield target


def foreign_papers(text: str, path: Path) -> Iterator[str]:
    """What lies beside the repository, and paths of a machine. CI may use a tool from there."""
    if path.parent.name == ".ci":
        text = re.sub(r"\.\./share[d]/tools/", "", text)
    yield from re.findall(r"\bshared/\w*", text)
    yield from re.findall(r"(?<![\w.}])/(?:work|root)/\w+", text)


KINDS = (
    contract_references,
    references_within_the_contract,
    rule_references,
    conflict_references,
    pitfall_references,
    fault_references,
    page_references,
    module_references,
    links,
    foreign_papers,
)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_reference_leads_somewhere(kind: Callable[[str, Path], Iterator[str]]) -> None:
    wrong = {str(path.relative_to(ROOT)): found for path in files() if (found := list(kind(text_of(path), path)))}
    assert not wrong


BROKEN = (
    (contract_references, "{contract} 99.1", "a section that is not there"),
    (contract_references, "{contract}, section 99", "the same in words"),
    (contract_references, "{contract}, sections 1, 4.1 and\n99", "the last of several, on the next line"),
    (contract_references, "{contract} R05 to R\u0039\u0039", "a rule that is not there"),
    (contract_references, "{contract}, gap 9\u0039", "a gap"),
    (references_within_the_contract, "as section 99 says", "a section, on the page itself"),
    (references_within_the_contract, "see X99", "a conflict, on the page itself"),
    (rule_references, "broken by R9\u0038", "a rule"),
    (rule_references, "warned of by W9\u0038", "a warning"),
    (rule_references, "over the new API, N9\u0038", "a rule of the new API"),
    (conflict_references, "{conflict} X99", "a conflict"),
    (pitfall_references, "{pitfall} 99", "a pitfall"),
    (fault_references, "{fault} 99", "a fault"),
    (fault_references, "{fault}s 50, 51 and 64", "one that was never assigned"),
    (page_references, "see {nowhere}.md", "a page"),
    (page_references, "docs/{contract}.md, \u0022No Such Heading\u0022", "a heading in words"),
    (page_references, "``docs/{nowhere}.md``", "a page in code marks"),
    (module_references, "``core.{nowhere}``", "a module"),
    (module_references, "`core.life.events.{nowhere}`", "a name in a module"),
    (links, "[a page]({nowhere}.png)", "a link to no file"),
    (links, "[a heading](docs/{contract}.md#no-such-heading)", "a link to no heading"),
    (links, "[here](#no-such-heading)", "a link within the page"),
    (foreign_papers, "see {shared}/style_guide", "papers beside the repository"),
    (foreign_papers, "in /{work}/main", "a path of a machine"),
)
"""A kind, a text that it has to complain about, and what is wrong. The words in braces keep this file itself clean."""
WORDS = {word: word for word in ("contract", "conflict", "pitfall", "fault", "nowhere", "shared", "work")}


@pytest.mark.parametrize(("kind", "text", "what"), BROKEN, ids=[what for _, _, what in BROKEN])
def test_a_broken_reference_is_found(kind: Callable[[str, Path], Iterator[str]], text: str, what: str) -> None:
    page = CONTRACT if kind is references_within_the_contract else ROOT / "README.md"
    assert list(kind(text.format(**WORDS), page)), what


def test_the_papers_can_be_read() -> None:
    assert {"1", "4.1", "13.2", "16.7", "17"} <= sections()
    assert {"R01", "R23", "R85", "A12", "W09", "N02", "R76"} <= rules()
    assert conflicts() == {f"X{number}" for number in range(1, 21)}
    assert items_of("17") == set(range(1, 26))
    assert faults() == set(range(1, 86)) - NEVER_ASSIGNED
    assert len(files()) > 300


def test_no_number_of_a_section_is_left_out() -> None:
    chapters = sorted(int(number) for number in sections() if "." not in number)
    assert all(second - first == 1 for first, second in pairwise(chapters))
