"""A coach: its prompts, what it may do, and what it may know."""
