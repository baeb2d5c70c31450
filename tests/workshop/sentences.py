"""Every sentence of the package that a person may read in Blender, as the catalogs of languages write it: with numbered
holes where the code puts values in. Read from the sources, and what Blender was given from the registered classes.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import chain, count

from kling_omni_addon.core.prompt_words import groups
from tests.workshop.places import ROOT

PACKAGE = ROOT / "kling_omni_addon"
NOT_SHOWN_IN_BLENDER = (
    *("batch/", "blender/batch/", "command_line/", "doctor/", "gateway/", "rehearsal/"),
    *("__main__.py", "rehearsal_note.py", "durable.py", "request_file.py", "clip_request.py"),
    *("blender/host/opened_file.py", "blender/capture/frame_files.py", "blender/shot/request_files.py"),
    *("blender/rehearsal_clip.py", "core/dialects/", "core/camera_words.py", "core/otio.py", "core/payload.py"),
    *("work/journal.py", "work/journal_file.py", "work/leases.py", "work/salvage.py", "work/backup.py"),
    "core/translation.py",
)
"""What speaks to a terminal, a log, a file or Kling."""
ALONE = ("edited", "free", "shown")
"""Single words in small letters, which cannot be told from identifiers."""
_WORD = re.compile(r"[^\W\d_]{2,}")
_NAMED = re.compile(r"\{(?!file\}|link\})[A-Za-z_]*\}")
"""Not what people write into their own commands: those stay."""
_SAID_BY_KLING = re.compile(r"\b(?:must|supported|supports|value|invalid|cannot be|out of range|expected|requires)\b")
"""What a rule expects of the real service's own answer, in lower case; nobody here says it."""
_TITLE = re.compile(r"[A-Z][a-z]+(?:\.\.\.)?")
_CODE = re.compile(
    r"(?:SELECT|INSERT|UPDATE|DELETE|PRAGMA|CREATE|VACUUM|ALTER|BEGIN) |%[sdgr]|%\.|https?://|[{}/\w]*\?\w+=|[a-z_.]+=|\\|\x00"
)
_UNSEEN_CALLS = {
    "debug",
    "info",
    "warning",
    "error",
    "exception",
    "compile",
    "execute",
    "append_path",
    "getLogger",
    "AssertionError",
    "TypeAlias",
    "TypeVar",
}


def sentences() -> dict[str, str]:
    """Each template with one place where it stands."""
    found: dict[str, str] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        place = path.relative_to(PACKAGE).as_posix()
        if not place.startswith(NOT_SHOWN_IN_BLENDER):
            for template in templates_of(path.read_text(encoding="utf-8"), is_drawn=place.startswith("blender/")):
                found.setdefault(template, place)
    found |= dict.fromkeys(ALONE, "as a whole text")
    for group in groups():
        for label in (group.label, *(entry.label for entry in group.entries)):
            found.setdefault(label, "prompt_words.json")
    return found


def templates_of(source: str, *, is_drawn: bool) -> Iterator[str]:
    """Those of a file. What draws also says single words: "Queued"."""
    tree = ast.parse(source)
    unseen = {id(part) for node in ast.walk(tree) for part in _unseen_below(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and is_drawn and _has_name_for_blender(node):
            yield ast.get_docstring(node) or ""
        elif id(node) not in unseen and isinstance(node, ast.Constant | ast.JoinedStr):
            template = template_of(node)
            if _is_for_people(template, is_drawn):
                yield template


def _has_name_for_blender(node: ast.ClassDef) -> bool:
    """Whether a class is an operator or a menu, whose docstring is its tooltip."""
    names = {
        target.id
        for part in node.body
        if isinstance(part, ast.Assign)
        for target in part.targets
        if isinstance(target, ast.Name)
    }
    return "bl_idname" in names and "bl_description" not in names and "_OT_" in node.name


def template_of(node: ast.Constant | ast.JoinedStr) -> str:
    """The text of a string or an f-string, its values as ``{0}``, ``{1}``; ``""`` for another constant."""
    numbers = count()
    if isinstance(node, ast.Constant):
        return _NAMED.sub(lambda _: f"{{{next(numbers)}}}", node.value) if isinstance(node.value, str) else ""
    parts = (part.value if isinstance(part, ast.Constant) else f"{{{next(numbers)}}}" for part in node.values)
    return "".join(map(str, parts))


def _unseen_below(node: ast.AST) -> Iterator[ast.AST]:
    """Docstrings, parts of f-strings, what is logged or compared."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        yield from (part for part in node.values if isinstance(part, ast.Constant))
        specs = (part.format_spec for part in node.values if isinstance(part, ast.FormattedValue) and part.format_spec)
        yield from chain.from_iterable(map(ast.walk, specs))
    elif isinstance(node, ast.Compare):
        yield from ast.walk(node)
    elif isinstance(node, ast.Call) and _name_of(node.func) in _UNSEEN_CALLS:
        yield from chain.from_iterable(map(ast.walk, node.args))


def _name_of(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _is_for_people(template: str, is_drawn: bool) -> bool:
    literal = re.sub(r"\{\d+\}", "", template)
    if (
        not _WORD.search(literal)
        or "\n" in template
        or _CODE.search(template)
        or (template[0].islower() and _SAID_BY_KLING.search(template))
    ):
        return False
    return " " in re.sub(r"\{\d+\}", "x", template).strip() or (is_drawn and _TITLE.fullmatch(literal) is not None)
