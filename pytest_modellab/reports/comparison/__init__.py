"""Two or more sets of records held against each other: what got worse, what better, what can't be told apart."""
