"""coach beyond one machine, by discrete-event simulation. See docs/scale.md, and run it to see more."""
