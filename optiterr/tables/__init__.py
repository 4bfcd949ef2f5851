"""Tables: what the files hold, validated column by column into a problem."""
