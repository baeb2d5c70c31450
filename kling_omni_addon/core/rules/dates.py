"""What one profile allows and its neighbor does not, with the date since when (contract section 1).

The dates are data, ``changes`` in ``schemas/capability.*.json``: a limit that moves is one more line there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import TypeAlias

from ..capability import DIALECTS, LEGACY, NEW, RELAYED, Change, Profile, after, before, over, with_relayed
from ..problem import Finding
from .reading import Reading

Check: TypeAlias = Callable[[Reading], Iterator[Finding]]

MODEL_RULE = "R10"
"""The rule of a model that is not known: it is judged before anything is read, so it has no check."""


def newly_accepted(reading: Reading, checks: Mapping[str, Check]) -> Iterator[Finding]:
    """W10: worth saying is what the profile before refuses, because an account or a page may still be behind."""
    earlier = before(reading.profile)
    if earlier is None:
        return
    for change in reading.profile.changes:
        if _is_about(change, reading) and (refused := _refused_at(reading, earlier, change.rule, checks)):
            message = f"Kling has accepted {change.what} since {change.date} (not in the {earlier.name} profile)."
            yield Finding(refused.path, message)


def _refused_at(reading: Reading, earlier: Profile, rule: str, checks: Mapping[str, Check]) -> Finding | None:
    """What the rule finds at the earlier date and does not find now; warnings find nothing that is refused."""
    then = reading.at(earlier)
    if then is None or rule == MODEL_RULE:
        return Finding("model_name", "") if then is None and rule == MODEL_RULE else None
    check = checks.get(rule)
    return None if check is None or any(check(reading)) else next(check(then), None)


def told_of_neighbor(reading: Reading, rule: str, check: Check, finding: Finding) -> Finding:
    """A fault that says, where it is so, that the profile before or after takes the request."""
    for told in (_told_of_later, _told_of_earlier):
        if words := told(reading, rule, check):
            return replace(finding, message=f"{finding.message} {words}")
    return finding


def _told_of_later(reading: Reading, rule: str, check: Check) -> str:
    later = after(reading.profile)
    change = None if later is None else _change(later, rule, reading)
    now = None if later is None else reading.at(later)
    if later is None or change is None or now is None or any(check(now)):
        return ""
    return came(change, later)


def _told_of_earlier(reading: Reading, rule: str, check: Check) -> str:
    earlier, change = before(reading.profile), _change(reading.profile, rule, reading)
    then = None if earlier is None else reading.at(earlier)
    if earlier is None or change is None or then is None or any(check(then)):
        return ""
    return f"Kling has had this limit since {change.date}. The {earlier.name} profile does not have this limit."


def told_of_model(name: str, profile: Profile) -> str:
    """Since when there is a model that only the profile after knows, over which API it is to be had, or by which
    choice; ``""`` where none knows it.
    """
    if not profile.is_relayed and (hidden := _hidden(name, profile)):
        return hidden
    if any(name in over(profile, dialect).models for dialect in DIALECTS):
        return "Kling's new API has this model." if profile.dialect == LEGACY else "Kling's legacy API has this model."
    later = after(profile)
    if later is None or name not in later.models:
        return ""
    changes = (one for one in later.changes if one.rule == MODEL_RULE and one.given.get("model_name") == name)
    change = next(changes, None)
    return f"Select the {later.name} profile for this model." if change is None else came(change, later)


def _hidden(name: str, profile: Profile) -> str:
    """What shows a model that Kling itself does not describe, and why it is not shown; ``""`` for every other."""
    places = (profile, over(profile, NEW), over(after(profile) or profile, NEW))
    found = [at for at in map(with_relayed, places) if name in at.models and at.models[name].documented_by]
    if not found:
        return ""
    by = found[0].models[name].documented_by
    if found[0].dialect == profile.dialect:
        return f'This model is documented only by {by}. Turn on "{RELAYED}" in the preferences.'
    return f'This model is documented only by {by}. Turn on "{RELAYED}" and select the new API in the preferences.'


def came(change: Change, profile: Profile) -> str:
    """Since when the service takes something, and by which profile."""
    return f"Kling has accepted {change.what} since {change.date}. Select the {profile.name} profile."


def since(profile: Profile, rule: str) -> str:
    """The date of a rule's first change in this profile; the profile's own where none is listed."""
    return next((change.date for change in profile.changes if change.rule == rule), profile.date)


def _change(profile: Profile, rule: str, reading: Reading) -> Change | None:
    return next((one for one in profile.changes if one.rule == rule and _is_about(one, reading)), None)


def _is_about(change: Change, reading: Reading) -> bool:
    has_video = change.beside_video is None or change.beside_video == bool(reading.videos)
    return has_video and all(reading.given.get(name) == value for name, value in change.given.items())
