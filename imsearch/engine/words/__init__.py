"""From the words of a query to tags, facts and conditions: forms, kinds, languages."""
