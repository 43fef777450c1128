"""The page's section on whom hostility is for."""

from xml.etree.ElementTree import Element

from streams.evaluation.whom.measured import WhomResults
from streams.evaluation.whom.shown import not_measured, shown
from streams.replay.backtest.html.elements import e, section, table


def whom_section(found: WhomResults) -> Element:
    """Return the section; what was not measured is said."""
    told = (
        "Of each phrasing thirty different people write to one person within half an hour, each with another insult where there is one to "
        "fill in. Labelled replies are those of targets that taught nothing, scored by a scorer that never saw them; toxicity alone links "
        "each toxic reply to the person answered."
    )
    tables = [table(title, heads, rows) for title, heads, rows in shown(found)]
    return section("whom", "Hostile to whom", e("p", told), *tables, *([] if found.replies else [e("p", not_measured(found))]))
