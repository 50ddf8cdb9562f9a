"""A cluster as plain files that build it without Cloudpoint: pure rendering, from plan and blueprint to texts."""
