"""The shared runtime of all services. It knows how to be a service and nothing of what any service is for."""
