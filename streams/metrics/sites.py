"""Sources and communities as label values: those that the settings name; any other is ``other``."""

from collections.abc import Collection, Iterator, Mapping

from streams.instruments import OTHER
from streams.site_names import shown


class Sites:
    """What the settings name, as alerts show it: a hostile record cannot make a series, and one site has one name everywhere."""

    def __init__(self, sources: Mapping[str, Collection[str]]) -> None:
        """Take source → its communities."""
        self._labels = {name: shown(name) for name in sources}
        self._communities: dict[str, dict[str, str]] = {OTHER: {}}
        for name, communities in sources.items():
            self._communities.setdefault(self._labels[name], {}).update({one: shown(one) for one in communities})

    @property
    def names(self) -> Collection[str]:
        """Return every source that a label can name."""
        return self._communities.keys()

    def pairs(self) -> Iterator[tuple[str, str]]:
        """Yield every source with each of its communities."""
        for source, communities in self._communities.items():
            yield from ((source, community) for community in sorted({*communities.values(), OTHER}))

    def source(self, name: str) -> str:
        """Return a source as a label value."""
        return self._labels.get(name, OTHER)

    def community(self, source: str, name: str) -> str:
        """Return a community of a source, given as its label value, as a label value."""
        return self._communities[source].get(name, OTHER)
