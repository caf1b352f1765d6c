"""The leaderboard: all models of a task over all data sets, with a macro average, as one static HTML file."""
