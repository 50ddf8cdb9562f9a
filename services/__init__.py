"""The services of Cloudpoint. The import path is the file path."""
