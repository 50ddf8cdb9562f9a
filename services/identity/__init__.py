"""identity: people, organisations, projects, and everything that proves who somebody is."""
