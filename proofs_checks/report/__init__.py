"""What a run came to, told to people and to programs. Importing this loads nothing;
``formats`` has the renderers."""
