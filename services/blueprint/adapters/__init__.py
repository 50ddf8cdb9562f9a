"""Work that is given away: to a process of its own."""
