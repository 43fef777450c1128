"""Look at it: which pile-ons are open, why, what is being said, is it one? Own process, own read model, never Faust."""
