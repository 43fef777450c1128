"""Sources and communities as label values: those that the settings name; any other is ``other``."""

from collections.abc import Collection, Iterator, Mapping

from streams.instruments import OTHER, closed


class Sites:
    """What the settings name: a hostile record cannot make a series."""

    def __init__(self, sources: Mapping[str, Collection[str]]) -> None:
        """Take source → its communities."""
        self._communities = {name: {*communities, OTHER} for name, communities in sources.items()} | {OTHER: {OTHER}}

    @property
    def names(self) -> Collection[str]:
        """Return every source that a label can name."""
        return self._communities.keys()

    def pairs(self) -> Iterator[tuple[str, str]]:
        """Yield every source with each of its communities."""
        for source, communities in self._communities.items():
            yield from ((source, community) for community in sorted(communities))

    def source(self, name: str) -> str:
        """Return a source as a label value."""
        return closed(name, self._communities)

    def community(self, source: str, name: str) -> str:
        """Return a community as a label value."""
        return closed(name, self._communities[self.source(source)])
