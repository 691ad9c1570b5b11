"""Git, through libgit2: the only package that imports pygit2."""
