"""The scorecard: all records of a session, graded and compared, in several formats."""
