"""The scorecard: every record of a session, graded, compared, and put in words."""
