"""Plans and today's books side by side: figures, differences, and what may be said of them."""
