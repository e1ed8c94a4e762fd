"""From a rule and a workspace to judged buckets: what evaluation and replay share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from features.text.pii.mask import mask
from insights.alerts.calendar import Calendar
from insights.alerts.incidents import Observation
from insights.alerts.judge import Verdict, judge_of
from insights.alerts.records import how_of, read
from insights.alerts.rules import Rule
from insights.alerts.series import EVERYTHING, NOTHING, Records, Series, evidence, series_of
from insights.tables import Tables

_EXCERPT = 120  # characters of a message that an alert quotes


@dataclass(frozen=True)
class Walk:
    """The buckets of one rule between two moments.

    Attributes
    ----------
    rule : Rule
        The rule.
    calendar : Calendar
        Buckets, with the history their judgment reads.
    records : Records
        What is counted.
    series : tuple of Series
        One a group.
    """

    rule: Rule
    calendar: Calendar
    records: Records
    series: tuple[Series, ...]

    @classmethod
    def over(
        cls,
        rule: Rule,
        tables: Tables,
        *,
        zone: str,
        since: datetime,
        until: datetime,
        also: Iterable[str] = (),
    ) -> Walk:
        """Read what is needed to judge the buckets from ``since`` that are over at ``until``.

        Parameters
        ----------
        rule : Rule
            The rule.
        tables : Tables
            The workspace.
        zone : str
            IANA time zone of hours, days and weeks.
        since, until : datetime
            Aware.
        also : iterable of str
            Groups with open incidents, which are judged even if they fell silent.
        """
        ended = until - timedelta(minutes=rule.lag_minutes)
        calendar = Calendar.between(rule.bucket, zone, since, ended, rule.lookback)
        if calendar.first >= len(calendar):
            return cls(rule, calendar, NOTHING, ())
        records = read(rule, tables, calendar, zone)
        number = str(getattr(rule, "number", "count"))
        groups = set(also) if records.split else {*also, EVERYTHING}
        found = series_of(records, calendar, number, how_of(rule, tables), sorted(groups))
        return cls(rule, calendar, records, tuple(found.values()))

    @property
    def judged_until(self) -> int:
        """End of the last bucket, microseconds since 1970."""
        return int(self.calendar.edges[-1])

    def observations(self) -> Iterator[Observation]:
        """Yield every judged bucket, oldest first."""
        judges = [(each, judge_of(self.rule, each, self.calendar)) for each in self.series]
        for place in range(self.calendar.first, len(self.calendar)):
            for each, judge in judges:
                yield self._observed(each.group, place, judge(place))

    def _observed(self, group: str, place: int, verdict: Verdict) -> Observation:
        start, end = (int(self.calendar.edges[at]) for at in (place, place + 1))
        if not verdict.breach:
            return Observation(group, start, end, verdict)
        behind = evidence(self.records, group, place)
        texts = behind["text"].tolist() if "text" in behind else []
        return Observation(
            group,
            start,
            end,
            verdict,
            records=tuple(map(str, behind["record_id"])),
            excerpt=mask(str(texts[0]))[:_EXCERPT] if texts else "",
            simulated=bool(behind["simulated"].any()),
        )
