"""How right the scorers are, and for whom: what ``make eval-scoring`` prints. Needs the labelled sets of ../shared/datasets."""
