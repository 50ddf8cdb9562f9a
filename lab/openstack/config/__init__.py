"""What each service's configuration holds: one file a service, and what they have alike in `shared`."""
