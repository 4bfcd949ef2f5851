"""One plan for several futures: the best on average, in the worst share, or by worst regret."""
