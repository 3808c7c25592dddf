"""More machines than one: pictures wait in PostgreSQL, and workers on any machine make them."""
