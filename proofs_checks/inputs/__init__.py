"""Objects of a user's own, read and refused in one place, for claims and audits alike.
Importing this loads nothing."""
