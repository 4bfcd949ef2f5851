"""Which sales rep serves which customer account, with a proved gap on every plan."""
