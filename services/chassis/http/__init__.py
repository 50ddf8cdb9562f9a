"""Calls to other services: httpx over aiohttp's transport, with deadlines, tokens and traces passed along."""
