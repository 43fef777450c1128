"""The page's section on whom a comment answers."""

from xml.etree.ElementTree import Element

from streams.evaluation.links.measured import LinkResults
from streams.evaluation.links.shown import NOT_THERE, shown
from streams.replay.backtest.html.elements import e, section, table


def links_section(found: LinkResults) -> Element:
    """Return the section, with what was not there where nothing could be measured."""
    if found.absent:
        return section("links", "Whom a comment answers", e("p", NOT_THERE.format(files=", ".join(found.absent))))
    told = (
        "Links by the published protocol of each set; the ranker learned from the dev part, for the train parts are not in the datasets. "
        "Trees are shown as a page would that tells no parent; half of the conversations teach, the other half decides."
    )
    return section("links", "Whom a comment answers", e("p", told), *(table(title, heads, rows) for title, heads, rows in shown(found)))
